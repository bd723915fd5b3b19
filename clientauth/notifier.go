// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import "github.com/fsnotify/fsnotify"

// notifier tells of events in directories. What happened does not matter, nor to
// which file: their contents are looked at.
type notifier interface {
	// Add has another directory watched. One that is watched already changes nothing.
	Add(dir string) error
	Events() <-chan fsnotify.Event
	Errors() <-chan error
	Close() error
}

// files is the notifier of the file system.
type files struct{ *fsnotify.Watcher }

func (f files) Events() <-chan fsnotify.Event { return f.Watcher.Events }
func (f files) Errors() <-chan error          { return f.Watcher.Errors }

// silent is the notifier where there is none.
type silent struct{}

func (silent) Add(string) error              { return nil }
func (silent) Events() <-chan fsnotify.Event { return nil }
func (silent) Errors() <-chan error          { return nil }
func (silent) Close() error                  { return nil }

// listen returns the notifier of the file system, and with an error a silent one.
func listen() (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return silent{}, err
	}
	return files{w}, nil
}
