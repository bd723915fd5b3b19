// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package clientauth

import (
	"context"
	"crypto"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fakeNotifier tells what a test has it tell.
type fakeNotifier struct {
	events chan fsnotify.Event
	errs   chan error

	mu     sync.Mutex
	added  []string
	closed bool
}

func newFakeNotifier() *fakeNotifier {
	return &fakeNotifier{events: make(chan fsnotify.Event), errs: make(chan error)}
}

func (n *fakeNotifier) Add(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.added = append(n.added, dir)
	return nil
}

func (n *fakeNotifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return nil
}

func (n *fakeNotifier) Events() <-chan fsnotify.Event { return n.events }
func (n *fakeNotifier) Errors() <-chan error          { return n.errs }
func (n *fakeNotifier) event()                        { n.events <- fsnotify.Event{Name: "..data", Op: fsnotify.Create} }

// watched is an identity whose files are watched in a bubble.
type watched struct {
	*Identity

	authority *Authority
	dir       string
	notifier  *fakeNotifier
	events    *record
	watcher   *Watcher
	began     time.Time
}

func watch(t *testing.T, interval time.Duration) *watched {
	t.Helper()
	w := &watched{authority: NewAuthority(t, "root", nil), dir: t.TempDir(), notifier: newFakeNotifier(), events: new(record)}
	certFile, keyFile := w.authority.Issue(t, Leaf{Serial: 1, Life: 100 * time.Hour}).Write(t, w.dir)
	var err error
	if w.Identity, err = LoadIdentity(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	w.watcher, err = newWatcher(WatchConfig{Observer: w.events, Interval: interval}, identityFiles(w.Identity, certFile, keyFile), certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	w.watcher.good = func() error { return unexpired(w.Identity, certFile) }
	w.watcher.start(w.notifier, nil)
	t.Cleanup(func() { _ = w.watcher.Close() })
	synctest.Wait()
	w.began = time.Now()
	return w
}

// put writes a new pair.
func (w *watched) put(t *testing.T, serial int64) {
	t.Helper()
	w.authority.Issue(t, Leaf{Serial: serial, Life: 100 * time.Hour}).Write(t, w.dir)
}

// sleep lets time pass.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// The files are read when nothing has happened for half a second.
func TestWatchWaitsForQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Minute)
		for n := range 5 {
			w.put(t, int64(2+n))
			w.notifier.event()
			sleep(watchQuiet - time.Millisecond)
		}
		if w.Serial() != "1" {
			t.Errorf("serial %s while things happen", w.Serial())
		}
		sleep(time.Millisecond)
		if w.Serial() != "6" || w.events.count(EventRotated) != 1 {
			t.Errorf("serial %s, %d events", w.Serial(), w.events.count(EventRotated))
		}
	})
}

// Events that do not end keep no certificate out.
func TestWatchWaitsNotForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Hour)
		w.put(t, 2)
		for time.Since(w.began) < watchLongest {
			if w.Serial() != "1" {
				t.Fatalf("rotated after %v", time.Since(w.began))
			}
			w.notifier.event()
			sleep(100 * time.Millisecond)
		}
		if w.Serial() != "2" {
			t.Errorf("serial %s after %v of events", w.Serial(), time.Since(w.began))
		}
		w.put(t, 3)
		for range 50 {
			w.notifier.event()
			sleep(100 * time.Millisecond)
		}
		if w.Serial() != "3" {
			t.Errorf("serial %s after %v of events", w.Serial(), time.Since(w.began))
		}
	})
}

// There is no gap between loading and watching, and nothing is replaced by itself.
func TestWatchBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, dir, events := NewAuthority(t, "root", nil), t.TempDir(), new(record)
		for _, changed := range []bool{false, true} {
			certFile, keyFile := a.Issue(t, Leaf{Serial: 1}).Write(t, dir)
			i, err := LoadIdentity(certFile, keyFile)
			if err != nil {
				t.Fatal(err)
			}
			before := i.certificate()
			if changed {
				a.Issue(t, Leaf{Serial: 2}).Write(t, dir)
			}
			w, err := newWatcher(WatchConfig{Observer: events}, identityFiles(i, certFile, keyFile), certFile, keyFile)
			if err != nil {
				t.Fatal(err)
			}
			n := newFakeNotifier()
			w.start(n, nil)
			synctest.Wait()
			if (i.certificate() != before) != changed || len(events.all()) > 0 != changed {
				t.Errorf("changed: %t, serial %s, events %v", changed, i.Serial(), events.all())
			}
			n.mu.Lock()
			if !slices.Contains(n.added, dir) {
				t.Errorf("watches %q", n.added)
			}
			n.mu.Unlock()
			_ = w.Close()
			if !n.closed {
				t.Error("the notifier was not closed")
			}
		}
	})
}

// What cannot be used changes nothing, is reported, and is read again at the next
// event and after a while.
func TestWatchBrokenFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Minute)
		old := w.certificate()
		next := w.authority.Issue(t, Leaf{Serial: 2})
		certFile, keyFile := filepath.Join(w.dir, "tls.crt"), filepath.Join(w.dir, "tls.key")
		for n, tc := range []struct {
			do   func() error
			says string
		}{
			{func() error { return os.WriteFile(keyFile, next.Key, 0o600) }, "of another certificate"},
			{func() error { return os.WriteFile(keyFile, next.Key[:50], 0o600) }, "private key: "},
			{func() error { return os.Remove(keyFile) }, "no such file"},
			{func() error { return os.WriteFile(certFile, make([]byte, maxSecretSize+1), 0o600) }, "more than 65536 bytes"},
		} {
			if err := tc.do(); err != nil {
				t.Fatal(err)
			}
			w.notifier.event()
			sleep(watchQuiet)
			e := w.events.last()
			if w.certificate() != old || w.events.count(EventRotationFailed) != n+1 || !strings.Contains(e.Cause.Error(), tc.says) {
				t.Errorf("%d: serial %s, %d events, the last with %v, want %q", n, w.Serial(), w.events.count(EventRotationFailed), e.Cause, tc.says)
			}
			if !strings.Contains(e.Cause.Error(), w.dir) {
				t.Errorf("%d: the event does not say which file: %v", n, e.Cause)
			}
		}
		// From now on nothing is heard of the files.
		fixed := time.Now()
		next.Write(t, w.dir)
		for w.certificate() == old && time.Since(fixed) < 2*time.Minute {
			sleep(time.Second)
		}
		if took := time.Since(fixed); w.Serial() != "2" || took > time.Minute {
			t.Errorf("serial %s after %v", w.Serial(), took)
		}
	})
}

// A pair that becomes good by itself is taken then: times pass, and file systems
// come back.
func TestWatchTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Minute)
		w.authority.Issue(t, Leaf{Serial: 2, Before: 10 * time.Minute, Life: time.Hour}).Write(t, w.dir)
		w.notifier.event()
		sleep(watchQuiet)
		if e := w.events.last(); e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), "not valid before") {
			t.Fatalf("event %+v", e)
		}
		w.events.mu.Lock()
		first := w.events.at[0]
		w.events.mu.Unlock()
		sleep(11 * time.Minute)
		if w.Serial() != "2" {
			t.Errorf("serial %s; the certificate is valid by now", w.Serial())
		}
		want := []time.Duration{0, 5 * time.Second, 15 * time.Second, 35 * time.Second, 75 * time.Second, 135 * time.Second}
		for n := range want {
			if at := w.events.at[n].Sub(first); at != want[n] {
				t.Errorf("attempt %d after %v, want %v", n+1, at, want[n])
			}
		}
	})
}

// Where nothing tells of changes, the files are read every interval; and so they
// are where events were lost.
func TestWatchWithoutEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, 30*time.Second)
		w.put(t, 2)
		sleep(30*time.Second - 1)
		if w.Serial() != "1" {
			t.Error("too early")
		}
		sleep(1)
		if w.Serial() != "2" {
			t.Error("not after the interval")
		}
		w.put(t, 3)
		w.notifier.errs <- fsnotify.ErrEventOverflow
		sleep(watchQuiet)
		if w.Serial() != "3" {
			t.Error("not after events were lost")
		}
		close(w.notifier.events)
		close(w.notifier.errs)
		w.put(t, 4)
		sleep(30 * time.Second)
		if w.Serial() != "4" {
			t.Error("not after the notifier was closed")
		}
		if n := w.events.count(EventRotationFailed); n != 0 {
			t.Errorf("%d failures", n)
		}
		for range 100 {
			sleep(30 * time.Second)
		}
		if n := w.events.count(EventRotated); n != 3 {
			t.Errorf("%d rotations, want 3", n)
		}
	})
}

// That nobody has replaced a certificate that expires is heard of.
func TestWatchExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Minute)
		sleep(100 * time.Hour)
		if n := w.events.count(EventRotationFailed); n != 0 {
			t.Errorf("%d failures before the end", n)
		}
		sleep(time.Minute)
		if e := w.events.last(); e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), "the certificate in use has expired, at 2000-01-05T04:00:00Z, and "+w.dir) {
			t.Errorf("event %+v", e)
		}
		w.put(t, 2)
		sleep(time.Minute)
		if w.Serial() != "2" {
			t.Errorf("serial %s", w.Serial())
		}
	})
}

// If the system has no notifier to give, a watcher does without and says so.
func TestWatchWithoutNotifier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, dir, events := NewAuthority(t, "root", nil), t.TempDir(), new(record)
		certFile, keyFile := a.Issue(t, Leaf{Serial: 1}).Write(t, dir)
		i, err := LoadIdentity(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		w, err := newWatcher(WatchConfig{Observer: events}, identityFiles(i, certFile, keyFile), certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		w.start(silent{}, errors.New("too many open files"))
		synctest.Wait()
		if e := events.last(); e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), "read every 1m0s: too many open files") {
			t.Errorf("event %+v", e)
		}
		a.Issue(t, Leaf{Serial: 2}).Write(t, dir)
		sleep(time.Minute)
		if i.Serial() != "2" {
			t.Errorf("serial %s", i.Serial())
		}
		_ = w.Close()
	})
}

// What changes while the files are read is not missed.
func TestWatchDuringARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Hour)
		read := w.watcher.rotation.fetch
		gate := make(chan struct{})
		w.watcher.rotation.fetch = func(ctx context.Context) ([][]byte, error) {
			contents, err := read(ctx)
			<-gate
			return contents, err
		}
		w.notifier.event()
		sleep(watchQuiet) // it has read the old ones
		w.put(t, 2)
		w.notifier.event()
		sleep(watchQuiet) // and is still at it
		close(gate)
		sleep(0)
		if w.Serial() != "2" {
			t.Errorf("serial %s; a change during a read was missed", w.Serial())
		}
	})
}

// A file system that hangs holds nothing up.
func TestWatchHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, time.Minute)
		gate := make(chan struct{})
		w.watcher.rotation.fetch = func(context.Context) ([][]byte, error) {
			<-gate
			return nil, errors.New("gone")
		}
		w.notifier.event()
		sleep(watchQuiet + watchTimeout)
		if e := w.events.last(); e.Name != EventRotationFailed || !strings.Contains(e.Cause.Error(), "no answer within 10s") {
			t.Errorf("event %+v", e)
		}
		began := time.Now()
		_ = w.watcher.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("Close took %v", took)
		}
		close(gate)
	})
}

func TestWatchArguments(t *testing.T) {
	t.Parallel()
	pair := NewAuthority(t, "root", nil).Issue(t, Leaf{})
	dir := t.TempDir()
	certFile, keyFile := pair.Write(t, dir)
	i, err := LoadIdentity(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := LoadSigningKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	first, err := WatchIdentity(i, certFile, keyFile, WatchConfig{})
	if err != nil {
		t.Fatal(err)
	}
	watchedKey, err := LoadSigningKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	other, err := WatchSigningKey(watchedKey, keyFile, WatchConfig{})
	if err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none", "tls.crt")
	for name, tc := range map[string]struct {
		make func() (*Watcher, error)
		says string
	}{
		"nil identity":      {func() (*Watcher, error) { return WatchIdentity(nil, certFile, keyFile, WatchConfig{}) }, "no mTLS identity to replace"},
		"zero identity":     {func() (*Watcher, error) { return WatchIdentity(new(Identity), certFile, keyFile, WatchConfig{}) }, "no mTLS identity to replace"},
		"no directory":      {func() (*Watcher, error) { return WatchIdentity(i, none, keyFile, WatchConfig{}) }, "the directory must be there"},
		"no directory 2":    {func() (*Watcher, error) { return WatchIdentity(i, certFile, none, WatchConfig{}) }, "the directory must be there"},
		"a file":            {func() (*Watcher, error) { return WatchIdentity(i, certFile, keyFile+"/x", WatchConfig{}) }, "is not a directory"},
		"no name":           {func() (*Watcher, error) { return WatchIdentity(i, certFile, "", WatchConfig{}) }, "a file without a name"},
		"negative":          {func() (*Watcher, error) { return WatchIdentity(i, certFile, keyFile, WatchConfig{Interval: -1}) }, "negative"},
		"5, as it compiles": {func() (*Watcher, error) { return WatchIdentity(i, certFile, keyFile, WatchConfig{Interval: 5}) }, "Interval is 5ns; give 1s at least"},
		"watched":           {func() (*Watcher, error) { return WatchIdentity(i, certFile, keyFile, WatchConfig{}) }, "watched or provided already"},
		"nil key":           {func() (*Watcher, error) { return WatchSigningKey(nil, keyFile, WatchConfig{}) }, "no signing key to replace"},
		"watched key":       {func() (*Watcher, error) { return WatchSigningKey(watchedKey, keyFile, WatchConfig{}) }, "watched already"},
		"no key's place":    {func() (*Watcher, error) { return WatchSigningKey(key, none, WatchConfig{}) }, "the directory must be there"},
	} {
		if _, err := tc.make(); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want %q", name, err, tc.says)
		}
	}
	_ = other.Close()
	if other, err = WatchSigningKey(watchedKey, keyFile, WatchConfig{}); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	_ = other.Close()
	_ = first.Close()
	again, err := WatchIdentity(i, certFile, keyFile, WatchConfig{})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	_ = again.Close()
	_ = again.Close()
	if err := again.Refresh(t.Context()); !errors.Is(err, errRotationClosed) {
		t.Errorf("Refresh after Close: %v", err)
	}
}

// Everything that replaces files is seen on a real file system, soon and without
// the interval.
func TestWatchFileSystem(t *testing.T) {
	t.Parallel()
	a := NewAuthority(t, "root", nil)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// kubernetes writes a volume as the kubelet does.
	kubernetes := func(dir, version string, p Pair) {
		must(os.MkdirAll(filepath.Join(dir, version), 0o700))
		p.Write(t, filepath.Join(dir, version))
		must(os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		old, _ := os.Readlink(filepath.Join(dir, "..data"))
		must(os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		for _, name := range []string{"tls.crt", "tls.key"} {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				must(os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)))
			}
		}
		if old != "" {
			must(os.RemoveAll(filepath.Join(dir, old)))
		}
	}
	inPlace := func(dir string, _ int, p Pair) { p.Write(t, dir) }
	for name, tc := range map[string]struct {
		begin, change func(dir string, n int, p Pair)
	}{
		"Kubernetes": {
			func(dir string, _ int, p Pair) { kubernetes(dir, "..2026_1", p) },
			func(dir string, n int, p Pair) { kubernetes(dir, "..2026_1"+strings.Repeat("1", n), p) },
		},
		"in place": {inPlace, inPlace},
		"renamed over": {inPlace, func(dir string, _ int, p Pair) {
			next := t.TempDir()
			p.Write(t, next)
			for _, name := range []string{"tls.key", "tls.crt"} {
				must(os.Rename(filepath.Join(next, name), filepath.Join(dir, name)))
			}
		}},
		"removed and written": {inPlace, func(dir string, _ int, p Pair) {
			must(os.Remove(filepath.Join(dir, "tls.crt")))
			must(os.Remove(filepath.Join(dir, "tls.key")))
			time.Sleep(watchQuiet + 200*time.Millisecond)
			p.Write(t, dir)
		}},
		"a broken file in between": {inPlace, func(dir string, _ int, p Pair) {
			must(os.WriteFile(filepath.Join(dir, "tls.crt"), []byte("x"), 0o600))
			time.Sleep(watchQuiet + 200*time.Millisecond)
			p.Write(t, dir)
		}},
		"a pipe in between": {inPlace, func(dir string, _ int, p Pair) {
			pipe(t, filepath.Join(dir, "pipe"))
			must(os.Rename(filepath.Join(dir, "pipe"), filepath.Join(dir, "tls.crt")))
			time.Sleep(watchQuiet + 200*time.Millisecond)
			must(os.Remove(filepath.Join(dir, "tls.crt")))
			p.Write(t, dir)
		}},
		"the directory is a link": {
			func(dir string, _ int, p Pair) {
				must(os.Remove(dir))
				must(os.Symlink(t.TempDir(), dir))
				p.Write(t, dir)
			},
			func(dir string, _ int, p Pair) {
				next := t.TempDir()
				p.Write(t, next)
				must(os.Symlink(next, dir+".next"))
				must(os.Rename(dir+".next", dir))
			},
		},
		"slowly, the key first": {inPlace, func(dir string, _ int, p Pair) {
			must(os.WriteFile(filepath.Join(dir, "tls.key"), p.Key, 0o600))
			time.Sleep(watchQuiet + 200*time.Millisecond)
			must(os.WriteFile(filepath.Join(dir, "tls.crt"), p.Cert, 0o600))
		}},
		"symbolic links, as of certbot": {
			func(dir string, _ int, p Pair) {
				archive := t.TempDir()
				p.Write(t, archive)
				for _, name := range []string{"tls.key", "tls.crt"} {
					must(os.Symlink(filepath.Join(archive, name), filepath.Join(dir, name)))
				}
			},
			func(dir string, _ int, p Pair) {
				archive := t.TempDir()
				p.Write(t, archive)
				for _, name := range []string{"tls.key", "tls.crt"} {
					must(os.Remove(filepath.Join(dir, name)))
					must(os.Symlink(filepath.Join(archive, name), filepath.Join(dir, name)))
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "tls")
			must(os.Mkdir(dir, 0o700))
			tc.begin(dir, 0, a.Issue(t, Leaf{Serial: 1}))
			i, err := LoadIdentity(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
			must(err)
			var events record
			w, err := WatchIdentity(i, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), WatchConfig{Interval: time.Hour, Observer: &events})
			must(err)
			defer func() { _ = w.Close() }()
			must(w.Refresh(t.Context())) // the first look is over
			for n := 1; n <= 2; n++ {
				next := a.Issue(t, Leaf{Serial: int64(1 + n)})
				tc.change(dir, n, next)
				want := string(rune('1' + n))
				until := time.Now().Add(8 * time.Second)
				for i.Serial() != want && time.Now().Before(until) {
					time.Sleep(10 * time.Millisecond)
				}
				if i.Serial() != want {
					t.Fatalf("serial %s, want %s; events %v", i.Serial(), want, events.all())
				}
			}
			if n := events.count(EventRotated); n != 2 {
				t.Errorf("%d rotations, want 2", n)
			}
		})
	}
}

// A directory that was replaced is watched from the next look on.
func TestWatchReplacedDirectory(t *testing.T) {
	t.Parallel()
	a, parent := NewAuthority(t, "root", nil), t.TempDir()
	dir := filepath.Join(parent, "tls")
	replace := func(serial int64) (certFile, keyFile string) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return a.Issue(t, Leaf{Serial: serial}).Write(t, dir)
	}
	certFile, keyFile := replace(1)
	i, err := LoadIdentity(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	w, err := WatchIdentity(i, certFile, keyFile, WatchConfig{Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if err := w.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait := func(want string) {
		t.Helper()
		until := time.Now().Add(8 * time.Second)
		for i.Serial() != want && time.Now().Before(until) {
			time.Sleep(10 * time.Millisecond)
		}
		if i.Serial() != want {
			t.Fatalf("serial %s, want %s", i.Serial(), want)
		}
	}
	replace(2)
	wait("2")
	a.Issue(t, Leaf{Serial: 3}).Write(t, dir)
	wait("3")
}

func TestWatchSigningKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := NewAuthority(t, "root", nil)
	first, second := a.Issue(t, Leaf{}), a.Issue(t, Leaf{})
	_, keyFile := first.Write(t, dir)
	k, err := LoadSigningKey(keyFile, KeyIDThumbprint())
	if err != nil {
		t.Fatal(err)
	}
	var events record
	w, err := WatchSigningKey(k, keyFile, WatchConfig{Observer: &events, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if err := w.Refresh(t.Context()); err != nil || len(events.all()) != 0 {
		t.Fatalf("%v; the same key is reported as %v", err, events.all())
	}
	if err := os.WriteFile(keyFile, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Refresh(t.Context()); err == nil || !equalKeys(k.snapshot().signer.Public(), first.TLS.PrivateKey.(crypto.Signer).Public()) {
		t.Errorf("a broken file: %v", err)
	}
	second.Write(t, dir)
	until := time.Now().Add(8 * time.Second)
	for events.count(EventRotated) == 0 && time.Now().Before(until) {
		time.Sleep(10 * time.Millisecond)
	}
	if e := events.last(); !equalKeys(k.snapshot().signer.Public(), second.TLS.PrivateKey.(crypto.Signer).Public()) || e.KeyID == "" || e.KeyID != k.snapshot().keyID {
		t.Errorf("not replaced; event %+v", e)
	}
}

// An issuer that does not take a key any more has the file read, which nothing else
// said anything of.
func TestWatchSigningKeyRefused(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*SigningKey) Authenticator{
		"by itself": func(k *SigningKey) Authenticator { return PrivateKeyJWT("c", k) },
		"selected":  func(k *SigningKey) Authenticator { return Select(Credentials{ClientID: "c", Key: k}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir, a := t.TempDir(), NewAuthority(t, "root", nil)
				first, second := a.Issue(t, Leaf{}), a.Issue(t, Leaf{})
				_, file := first.Write(t, dir)
				k, err := LoadSigningKey(file, KeyIDThumbprint())
				if err != nil {
					t.Fatal(err)
				}
				w, err := watchSigningKey(k, file, WatchConfig{Interval: time.Hour}, func() (notifier, error) { return silent{}, nil })
				if err != nil {
					t.Fatal(err)
				}
				sleep(watchCooldown)
				second.Write(t, dir)
				wanted := keyThumbprint(second.TLS.PrivateKey.(crypto.Signer).Public())
				s := &fakeAS{
					metadata: metadata{"introspection_endpoint" + methodsSuffix: everyMethod, "introspection_endpoint" + algorithmsSuffix: []string{"ES256"}},
					reply: func(_ int, form url.Values) (int, string) {
						header, _, _ := strings.Cut(form.Get("client_assertion"), ".")
						if !strings.Contains(decode(header), wanted) {
							return 401, `{"error":"invalid_client"}`
						}
						return 200, `{"active":false}`
					},
				}
				e := s.endpoint(t, IntrospectionEndpoint, wrap(k))
				answer, err := e.Post(t.Context(), nil, "application/json", 1)
				if err != nil || answer.Status != 200 || len(s.asked) != 2 {
					t.Errorf("%v, %v, %d requests", answer, err, len(s.asked))
				}
				_ = w.Close()
				_ = e.issuer.Close()
			})
		})
	}
}
