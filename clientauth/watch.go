// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bearerkit/bearerkit/auth"
)

// WatchConfig describes a [Watcher]. The zero WatchConfig has the defaults.
type WatchConfig struct {
	// Observer is told of what was replaced and of files that cannot be used.
	// Default: nobody.
	Observer auth.Observer
	// Interval is how often the files are read even if the file system says nothing
	// of them, as network file systems do; a second at least. Default one minute.
	Interval time.Duration
}

const (
	defaultWatchInterval = time.Minute
	// Files are read when nothing has happened for watchQuiet, as one change is many
	// events, but at the latest watchLongest after the first.
	watchQuiet   = 500 * time.Millisecond
	watchLongest = 5 * time.Second
	// watchRetry is when files that could not be used are read again, and later
	// each time up to the interval.
	watchRetry    = 5 * time.Second
	watchTimeout  = 10 * time.Second
	watchCooldown = time.Second
	// shortestInterval keeps a mistake from costing a processor: Interval: 5 compiles.
	shortestInterval = time.Second
)

// Watcher replaces what is in use when files change: an [Identity], a
// [SigningKey]. It is safe for concurrent use.
type Watcher struct {
	files    []string
	notifier notifier
	interval time.Duration
	// rotate puts the contents of the files into use.
	rotate func(contents [][]byte) (*auth.Event, error)
	// good says what is wrong with what is in use, if the files have nothing newer.
	good     func() error
	detach   func()
	used     [sha256.Size]byte // what the files had when rotate last succeeded
	rotation rotation[[][]byte]
}

// WatchIdentity replaces the certificate of i when these files have another one,
// which may be one file. It looks at them at once, in case they have changed since
// i was loaded; half a second after the last change in their directories, and at
// the latest five seconds after the first; every minute; and when the issuer does
// not accept the certificate in use. Files that are written in place, renamed over,
// or swapped by a symbolic link, as Kubernetes does, are all seen, and so is the
// link that is their directory; links further up only every minute.
//
// Files that [Identity.Rotate] would refuse, such as a new certificate whose key is
// still to come, change nothing, and are read again at the next event and after
// some seconds. That is reported, and so is a certificate that has expired while
// nobody replaced it. That a directory is not there is an error at once.
//
// Call Close when i is no longer needed.
func WatchIdentity(i *Identity, certFile, keyFile string, c WatchConfig) (*Watcher, error) {
	if i.certificate() == nil {
		return nil, errNoIdentity
	}
	w, err := newWatcher(c, identityFiles(i, certFile, keyFile), certFile, keyFile)
	if err != nil {
		return nil, err
	}
	s := &source{refresh: w.rotation.refresh}
	if err := i.attach(s); err != nil {
		return nil, err
	}
	w.good = func() error { return unexpired(i, certFile) }
	w.detach = func() { i.source.CompareAndSwap(s, nil) }
	w.start(listen())
	return w, nil
}

func unexpired(i *Identity, certFile string) error {
	if end := i.NotAfter(); time.Now().After(end) {
		return fmt.Errorf("mTLS identity: the certificate in use has expired, at %s, and %s has no newer one", end.UTC().Format(time.RFC3339), certFile)
	}
	return nil
}

func identityFiles(i *Identity, certFile, keyFile string) func([][]byte) (*auth.Event, error) {
	return func(contents [][]byte) (*auth.Event, error) {
		next, err := parseCertificate(contents[0], contents[1])
		if err != nil {
			return nil, fmt.Errorf("mTLS identity in %s and %s: %w", certFile, keyFile, err)
		}
		return i.replaced(next), nil
	}
}

// WatchSigningKey replaces k when this file has another one, as [SigningKey.Rotate]
// reads it, also when the issuer does not accept an assertion of [PrivateKeyJWT].
// Otherwise it is like [WatchIdentity].
func WatchSigningKey(k *SigningKey, file string, c WatchConfig) (*Watcher, error) {
	return watchSigningKey(k, file, c, listen)
}

func watchSigningKey(k *SigningKey, file string, c WatchConfig, listen func() (notifier, error)) (*Watcher, error) {
	if k.snapshot() == nil {
		return nil, errNoKey
	}
	w, err := newWatcher(c, func(contents [][]byte) (*auth.Event, error) {
		before, text := k.snapshot(), k.String()
		if err := k.Rotate(contents[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		now := k.snapshot()
		if text == k.String() && equalKeys(before.public, now.public) {
			return nil, nil
		}
		return &auth.Event{KeyID: now.keyID, Cause: errors.New(k.String() + ", before it " + text)}, nil
	}, file)
	if err != nil {
		return nil, err
	}
	s := &source{refresh: w.rotation.refresh}
	if err := k.attach(s); err != nil {
		return nil, err
	}
	w.detach = func() { k.source.CompareAndSwap(s, nil) }
	w.start(listen())
	return w, nil
}

// newWatcher returns a Watcher that has not started.
func newWatcher(c WatchConfig, rotate func([][]byte) (*auth.Event, error), files ...string) (*Watcher, error) {
	if c.Interval < 0 {
		return nil, errors.New("clientauth: WatchConfig.Interval is negative; leave it zero for the default")
	}
	if c.Interval > 0 && c.Interval < shortestInterval {
		return nil, fmt.Errorf("clientauth: WatchConfig.Interval is %v; give %v at least, with a unit such as 5*time.Second", c.Interval, shortestInterval)
	}
	if slices.Contains(files, "") {
		return nil, errors.New("clientauth: watch: a file without a name")
	}
	if c.Interval == 0 {
		c.Interval = defaultWatchInterval
	}
	w := &Watcher{files: files, interval: c.Interval, rotate: rotate, good: func() error { return nil }, detach: func() {}}
	for _, dir := range w.dirs() {
		if info, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("clientauth: watch: the directory must be there: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("clientauth: watch: %s is not a directory", dir)
		}
	}
	w.rotation = rotation[[][]byte]{
		fetch: w.read, install: w.install, timeout: watchTimeout, cooldown: watchCooldown, observer: c.Observer,
	}
	return w, nil
}

// dirs returns the directories of the files, each once. What replaces a file does
// something there, or, where the directory is itself a symbolic link, beside that.
func (w *Watcher) dirs() (dirs []string) {
	add := func(dir string) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, file := range w.files {
		dir := filepath.Dir(file)
		add(dir)
		if info, err := os.Lstat(dir); err == nil && info.Mode()&os.ModeSymlink != 0 {
			add(filepath.Dir(dir))
		}
	}
	return dirs
}

// start begins to look. Without events of the file system it goes by the interval.
func (w *Watcher) start(n notifier, err error) {
	w.notifier = n
	w.rotation.begin()
	for _, dir := range w.dirs() {
		if err == nil {
			err = n.Add(dir)
		}
	}
	if err != nil {
		err = fmt.Errorf("the file system does not say when files change, so they are read every %v: %w", w.interval, err)
		report(w.rotation.ctx, w.rotation.observer, auth.Event{Name: EventRotationFailed, Cause: err})
	}
	w.rotation.done.Go(w.run)
}

// Refresh reads the files now.
func (w *Watcher) Refresh(ctx context.Context) error {
	if err := w.rotation.force(ctx); err != nil {
		return fmt.Errorf("clientauth: watch: %w", err)
	}
	return nil
}

// Close ends the background work and waits for it. What is in use stays in use.
// Close may be called more than once and always returns nil. The Observer must not
// call it, as it would wait for itself.
func (w *Watcher) Close() error {
	w.rotation.end()
	w.detach()
	_ = w.notifier.Close()
	return nil
}

// run reads the files whenever there is reason to.
func (w *Watcher) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var burst time.Time // when the first of some events came; zero if none did
	behind := false     // events came after an attempt had begun
	events, errs := w.notifier.Events(), w.notifier.Errors()
	for {
		select {
		case _, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			burst = w.soon(timer, burst)
		case _, ok := <-errs: // of events that were lost
			if !ok {
				errs = nil
				continue
			}
			burst = w.soon(timer, burst)
		case <-timer.C:
			burst = time.Time{}
			_, started, _ := w.rotation.join(0)
			behind = !started // and landed follows in any case
		case <-w.rotation.landed:
			switch {
			case behind:
				behind = false
				timer.Reset(0)
			case burst.IsZero():
				timer.Reset(w.next())
			}
		case <-w.rotation.ctx.Done():
			return
		}
	}
}

// soon sets the timer after an event, and returns when the first one came.
func (w *Watcher) soon(timer *time.Timer, burst time.Time) time.Time {
	now := time.Now()
	if burst.IsZero() {
		burst = now
	}
	timer.Reset(min(watchQuiet, burst.Add(watchLongest).Sub(now)))
	return burst
}

// next returns when to read the files if nothing happens.
func (w *Watcher) next() time.Duration {
	if failures := w.rotation.failed(); failures > 0 {
		return min(watchRetry<<min(failures-1, 10), w.interval)
	}
	return w.interval
}

// read returns the contents of the files.
func (w *Watcher) read(context.Context) (contents [][]byte, err error) {
	for _, dir := range w.dirs() {
		_ = w.notifier.Add(dir) // it may be another one of that name
	}
	for _, file := range w.files {
		content, err := readFile(file)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// install puts contents into use, unless they are there already.
func (w *Watcher) install(contents [][]byte) (*auth.Event, error) {
	hash := sha256.New()
	for _, content := range contents {
		sum := sha256.Sum256(content)
		hash.Write(sum[:])
	}
	digest := [sha256.Size]byte(hash.Sum(nil))
	if digest == w.used {
		return nil, w.good()
	}
	event, err := w.rotate(contents)
	if err == nil {
		w.used = digest
	}
	return event, err
}
