package watcher

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"fsrec/watcher/event"
)

// script is a backend whose records are written down in the text form. Its
// batches are read one by one; after the last it is at its end or, if it is
// live, blocks until it gets more.
type script struct {
	platform event.Platform
	live     bool
	add      func(event.WatchRequest) ([]event.WatchResult, error)
	update   func(wd int32, mask event.Mask) error
	remove   func(wd int32) error

	mu       sync.Mutex
	batches  [][]event.Record
	more     chan struct{}
	closed   chan struct{}
	closings sync.Once
	requests []event.WatchRequest
}

func newScript(batches ...[]event.Record) *script {
	return &script{platform: event.Linux, batches: batches, more: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (s *script) feed(records ...event.Record) {
	s.mu.Lock()
	s.batches = append(s.batches, records)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *script) wait(ctx context.Context) ([]event.Record, error) {
	for {
		s.mu.Lock()
		var first []event.Record
		if len(s.batches) > 0 {
			first = s.batches[0]
		}
		s.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case first != nil:
			return first, nil
		case !s.live:
			return nil, io.EOF
		}
		select {
		case <-s.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closed:
			return nil, event.ErrClosed
		}
	}
}

func (s *script) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	first, err := s.wait(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.batches = s.batches[1:]
	s.mu.Unlock()
	return append(to[:0], first...), nil
}

func (s *script) Ready(ctx context.Context) (int, error) {
	first, err := s.wait(ctx)
	bytes := 0
	for _, r := range first {
		if r.Kind == event.KindEvent {
			bytes += 16 + (len(r.Name)+16)&^15
		}
	}
	if err == nil {
		bytes = max(bytes, 1)
	}
	return bytes, err
}

func (s *script) Add(r event.WatchRequest) ([]event.WatchResult, error) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if s.add == nil {
		return nil, nil
	}
	return s.add(r)
}

func (s *script) Update(wd int32, mask event.Mask) error {
	if s.update == nil {
		return nil
	}
	return s.update(wd, mask)
}

func (s *script) Remove(wd int32) error {
	if s.remove == nil {
		return nil
	}
	return s.remove(wd)
}

func (s *script) Header() event.Header { return event.Header{Platform: s.platform, Backend: "inotify"} }

func (s *script) Close() error {
	s.closings.Do(func() { close(s.closed) })
	return nil
}

// grants answers an Add with these watches, whatever was asked for.
func grants(results ...event.WatchResult) func(event.WatchRequest) ([]event.WatchResult, error) {
	return func(event.WatchRequest) ([]event.WatchResult, error) { return results, nil }
}

// grant is one watch of an absolute path.
func grant(wd int32, path string) event.WatchResult {
	return event.WatchResult{Key: path, Path: path, WD: wd}
}

// records parses lines of the text form whose number and time are left out. A
// line "@SECONDS" sets the time of those that follow.
func records(t testing.TB, text string) []event.Record {
	t.Helper()
	var all []event.Record
	now := "0"
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if at, ok := strings.CutPrefix(line, "@"); ok {
			now = at
			continue
		}
		r, err := event.ParseText(fmt.Sprintf("%d %s %s", len(all)+1, now, line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// split cuts records into batches of n.
func split(records []event.Record, n int) [][]event.Record {
	var batches [][]event.Record
	for len(records) > n {
		batches = append(batches, records[:n])
		records = records[n:]
	}
	return append(batches, records)
}

// log is a handler that keeps what it got.
type log struct {
	mu     sync.Mutex
	events []*Event
}

func (l *log) HandleEvent(ev *Event) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, ev.Clone())
	return false, nil
}

// lines are the events as "IN_CREATE /p/a", with " < source" where they have one.
func (l *log) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := make([]string, 0, len(l.events))
	for _, ev := range l.events {
		line := ev.Maskname() + " " + ev.Pathname
		if ev.SrcPathname != "" {
			line += " < " + ev.SrcPathname
		}
		lines = append(lines, line)
	}
	return lines
}

// replayed gives what an adopting manager delivers of a text, and checks that
// it does not depend on how the records are cut into batches.
func replayed(t *testing.T, text string, opts ...NotifierOption) []string {
	t.Helper()
	all := records(t, text)
	var want []string
	for _, n := range []int{len(all), 1, 2, 3} {
		var got log
		wm := NewWatchManager(newScript(split(all, n)...), Adopt())
		if err := NewNotifier(wm, &got, opts...).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if lines := got.lines(); want == nil {
			want = lines
		} else if strings.Join(lines, "\n") != strings.Join(want, "\n") {
			t.Fatalf("in batches of %d records the events are\n%s\nin one batch\n%s", n, strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
	}
	return want
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
