package watcher

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"fsrec/watcher/event"
)

// Stats is a Handler that counts events by the names in their masks, so that
// an event about a directory counts for IN_ISDIR too. It may be read while it
// is in use. The zero value is ready.
type Stats struct {
	mu      sync.Mutex
	counts  map[event.Mask]int // by whole mask
	elapsed time.Duration
}

// NewStats gives Stats that have counted nothing.
func NewStats() *Stats { return &Stats{} }

// HandleEvent implements Handler.
func (s *Stats) HandleEvent(ev *Event) (stop bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = make(map[event.Mask]int)
	}
	s.counts[ev.Mask]++
	s.elapsed = max(s.elapsed, ev.Time)
	return false, nil
}

// Counts gives the number of events for each name.
func (s *Stats) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int)
	for mask, n := range s.counts {
		for _, name := range strings.Split(mask.String(), "|") {
			counts[name] += n
		}
	}
	return counts
}

// Elapsed is the time of the latest event since the start of the recording or of watching.
func (s *Stats) Elapsed() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.elapsed
}

type count struct {
	name string
	n    int
}

func (s *Stats) sorted() []count {
	var all []count
	for name, n := range s.Counts() {
		all = append(all, count{name, n})
	}
	slices.SortFunc(all, func(a, b count) int { return cmp.Compare(a.name, b.name) })
	return all
}

// String draws a bar for each name, as pyinotify does: the longest is 45 wide.
// It is empty before the first event.
func (s *Stats) String() string {
	const scale = 45
	all := s.sorted()
	top := 0
	for _, c := range all {
		top = max(top, c.n)
	}
	lines := make([]string, len(all))
	for i, c := range all {
		bar := strings.Repeat("@", int(float64(c.n)*(float64(scale)/float64(top))))
		lines[i] = fmt.Sprintf("%-26s%-*s%d", c.name, scale+1, bar, c.n)
	}
	return strings.Join(lines, "\n")
}

// Line gives all counts and the elapsed time in one line, as pyinotify does.
func (s *Stats) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<Stats ElapsedTime=%s", elapsedText(s.Elapsed()))
	for _, c := range s.sorted() {
		fmt.Fprintf(&b, " %s=%d", c.name, c.n)
	}
	b.WriteString(" >")
	return b.String()
}

func elapsedText(d time.Duration) string {
	sec := int64(d / time.Second)
	switch {
	case sec < 60:
		return fmt.Sprintf("%dsec", sec)
	case sec < 3600:
		return fmt.Sprintf("%dmn%dsec", sec/60, sec%60)
	case sec < 86400:
		return fmt.Sprintf("%dh%dmn", sec/3600, sec%3600/60)
	}
	return fmt.Sprintf("%dd%dh", sec/86400, sec%86400/3600)
}

// Dump writes String to a new file. It fails if the file exists.
func (s *Stats) Dump(filename string) error {
	f, err := os.OpenFile(filename, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(s.String())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
