package replayer

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"fsrec/watcher/event"
)

// mapping gives one recorded directory another path.
type mapping struct {
	old string // by the rules of the recorded platform
	new string // by the rules of the target
}

// mapper translates paths between a recording and its replay.
type mapper struct {
	from, to event.Platform
	maps     []mapping // longest old first
}

// newMapper cleans and checks maps. It gives nil where there is nothing to translate.
func newMapper(recorded event.Platform, c *config) *mapper {
	m := &mapper{from: recorded, to: recorded}
	if c.target != "" {
		m.to = c.target
	}
	decided := false
	for _, one := range c.maps {
		if one.old == "" || one.new == "" {
			c.fail("Map", "want two paths, not %s and %s", event.Quote(one.old), event.Quote(one.new))
			return nil
		}
		p, absolute := platformOf(one.new, recorded)
		switch {
		case !absolute || c.target != "":
		case decided && p != m.to:
			c.fail("Map", "%s is a path of %s, an earlier one is of %s", event.Quote(one.new), p, m.to)
			return nil
		default:
			m.to, decided = p, true
		}
	}
	if len(c.maps) == 0 && m.to == m.from {
		return nil
	}
	for _, one := range c.maps {
		m.maps = append(m.maps, mapping{clean(m.from, one.old), clean(m.to, one.new)})
	}
	slices.SortStableFunc(m.maps, func(a, b mapping) int { return cmp.Compare(len(b.old), len(a.old)) })
	return m
}

// platformOf tells the platform of an absolute path; recorded stands for its like.
func platformOf(path string, recorded event.Platform) (p event.Platform, absolute bool) {
	drive := len(path) >= 3 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') &&
		('a' <= path[0]|0x20 && path[0]|0x20 <= 'z')
	switch {
	case drive || strings.HasPrefix(path, `\\`):
		return event.Windows, true
	case !strings.HasPrefix(path, "/"):
		return recorded, false
	case recorded == event.Windows:
		return event.Linux, true
	}
	return recorded, true
}

// clean is path/filepath.Clean by the rules of platform p.
func clean(p event.Platform, dir string) string {
	if p.Separator() == '/' {
		return path.Clean(dir)
	}
	slashed := strings.ReplaceAll(dir, `\`, "/")
	unc := strings.HasPrefix(slashed, "//")
	slashed = path.Clean(slashed)
	if unc {
		slashed = "/" + slashed
	}
	if len(slashed) == 2 && slashed[1] == ':' {
		slashed += "/"
	}
	return strings.ReplaceAll(slashed, "/", `\`)
}

// path gives a recorded path its place in the replay. It does not allocate
// where nothing changes.
func (m *mapper) path(recorded string) string {
	if m == nil || recorded == "" {
		return recorded
	}
	for i := range m.maps {
		if rest, ok := m.from.Below(m.maps[i].old, recorded); ok {
			return m.to.Join(m.maps[i].new, separate(rest, m.from, m.to))
		}
	}
	return separate(recorded, m.from, m.to)
}

// recorded gives the recorded paths that a path of the replay may stand for, the likeliest first.
func (m *mapper) recorded(replayed string) []string {
	if m == nil {
		return []string{replayed}
	}
	var all []string
	for i := range m.maps {
		rest, ok := m.to.Below(m.maps[i].new, replayed)
		if !ok {
			continue
		}
		old := m.from.Join(m.maps[i].old, separate(rest, m.to, m.from))
		if m.path(old) == replayed { // not where a longer mapping leads elsewhere
			all = append(all, old)
		}
	}
	return append(all, separate(replayed, m.to, m.from))
}

// separate replaces the separators of one platform by those of another.
func separate(path string, from, to event.Platform) string {
	a, b := from.Separator(), to.Separator()
	if a == b {
		return path
	}
	return strings.ReplaceAll(path, string(a), string(b))
}

// record translates the paths of a record.
func (m *mapper) record(r *event.Record) {
	switch r.Kind {
	case event.KindWatch, event.KindUnwatch, event.KindFail:
		r.Path = m.path(r.Path)
	case event.KindMove:
		r.Path, r.Src = m.path(r.Path), m.path(r.Src)
	}
}

// header translates the roots.
func (m *mapper) header(h event.Header) event.Header {
	if m == nil {
		return h
	}
	h.Roots = slices.Clone(h.Roots)
	for i, root := range h.Roots {
		h.Roots[i] = m.path(root)
	}
	if h.Platform != m.to {
		h.CaseFold = m.to == event.Windows
	}
	h.Platform = m.to
	return h
}
