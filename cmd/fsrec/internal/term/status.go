package term

import (
	"fmt"
	"io"
	"sync"
)

// Status is the last line of a terminal, rewritten in place, below which nothing
// is printed. On anything that is not a terminal, or one that cannot rewrite a
// line, it does not exist. Messages go through Printf, which moves the line out of their way.
type Status struct {
	mu    sync.Mutex
	w     io.Writer
	on    bool
	shown bool
}

// NewStatus gives the status line of w.
func NewStatus(w io.Writer) *Status { return &Status{w: w, on: obeys(w)} }

// On reports whether there is a line to see.
func (s *Status) On() bool { return s.on }

// Set shows text in place of what the line showed.
func (s *Status) Set(text string) {
	if !s.on {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = true
	fmt.Fprintf(s.w, "\r%s\x1b[K", Fit(Line(text), Columns(s.w)-1, "…"))
}

// Clear takes the line away.
func (s *Status) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *Status) clear() {
	if s.shown {
		io.WriteString(s.w, "\r\x1b[K")
		s.shown = false
	}
}

// Printf prints a message, one line, which may quote any name.
func (s *Status) Printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	io.WriteString(s.w, Line(fmt.Sprintf(format, args...))+"\n")
}
