package watcher

import (
	"slices"
	"strings"
	"time"
)

const (
	// moveExpiry is how long an IN_MOVED_FROM waits for its IN_MOVED_TO, in the time of the records.
	moveExpiry = time.Minute
	// maxMoves bounds how many wait; the oldest gives way.
	maxMoves = 1024
)

// moves connects the two halves of renames by their cookies.
type moves struct {
	cookies []uint32 // in the order of their time; sources[i] belongs to cookies[i]
	sources []source
	pinned  int // sources from here on are substrings of a segment's text
}

type source struct {
	path string
	time time.Duration
}

func (m *moves) put(cookie uint32, path string, t time.Duration) {
	stale := 0
	for stale < len(m.sources) && t-m.sources[stale].time > moveExpiry {
		stale++
	}
	if len(m.sources)-stale >= maxMoves {
		stale = len(m.sources) - maxMoves + 1
	}
	m.remove(0, stale)
	m.cookies = append(m.cookies, cookie)
	m.sources = append(m.sources, source{path, t})
}

// take gives the source of cookie, once, and "" if there is none.
func (m *moves) take(cookie uint32, t time.Duration) string {
	for i := len(m.cookies) - 1; i >= 0; i-- {
		if m.cookies[i] != cookie {
			continue
		}
		s := m.sources[i]
		m.remove(i, i+1)
		// A time before the source's is that of another recording, or of its next round.
		if t < s.time || t-s.time > moveExpiry {
			return ""
		}
		return s.path
	}
	return ""
}

func (m *moves) remove(from, to int) {
	if from == to {
		return
	}
	m.cookies = slices.Delete(m.cookies, from, to)
	m.sources = slices.Delete(m.sources, from, to)
	m.pinned -= max(0, min(m.pinned, to)-from)
}

func (m *moves) clear() { m.remove(0, len(m.cookies)) }

// unpin makes what waits independent of the segment that it came from.
func (m *moves) unpin() {
	for ; m.pinned < len(m.sources); m.pinned++ {
		m.sources[m.pinned].path = strings.Clone(m.sources[m.pinned].path)
	}
}
