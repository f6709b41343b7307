package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// model is the tree that a reader of the records believes in.
type model struct {
	table  *event.Table
	tree   map[string]bool   // directories with a slash at the end
	away   map[uint32]string // left a directory and may arrive in another, by cookie
	faults []string
}

func newModel() *model {
	return &model{table: event.NewTable(event.Linux), tree: map[string]bool{}, away: map[uint32]string{}}
}

func (m *model) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

func (m *model) below(path string) (found []string) {
	for p := range m.tree {
		if p == path || p == path+"/" || strings.HasPrefix(p, path+"/") {
			found = append(found, p)
		}
	}
	return found
}

func (m *model) remove(path string) {
	for _, p := range m.below(path) {
		delete(m.tree, p)
	}
	for cookie, p := range m.away {
		if _, below := event.Linux.Below(path, p); below {
			delete(m.away, cookie)
		}
	}
}

// vacate removes what left path and never arrived anywhere.
func (m *model) vacate(path string) {
	for cookie, p := range m.away {
		if p == path {
			delete(m.away, cookie)
			m.remove(p)
		}
	}
}

func (m *model) apply(r *event.Record) {
	defer m.table.Apply(r)
	if r.Kind == event.KindMove && r.Path == "" {
		m.vacate(r.Src)
	}
	if r.Kind != event.KindEvent && r.Kind != event.KindEntry {
		return
	}
	w := m.table.Watch(r.WD)
	if w == nil {
		if r.WD != -1 {
			m.fault("event of unknown wd: %s", event.AppendText(nil, r))
		}
		return
	}
	if w.Lost() || r.Name == "" {
		return
	}
	path := event.Linux.Join(w.Path(), r.Name)
	key := path
	if r.Mask&event.IN_ISDIR != 0 || r.Kind == event.KindEntry && r.Cookie&0o170000 == 0o040000 {
		key += "/"
	}
	switch {
	case r.Kind == event.KindEntry, r.Mask&event.IN_CREATE != 0:
		m.vacate(path)
		if m.tree[key] {
			m.fault("created twice: %s", event.AppendText(nil, r))
		}
		m.tree[key] = true
	case r.Mask&event.IN_DELETE != 0:
		if !m.tree[key] {
			m.fault("deleted, and was not there: %s %s", key, event.AppendText(nil, r))
		}
		m.remove(path)
	case r.Mask&event.IN_MOVED_FROM != 0:
		m.vacate(path)
		if !m.tree[key] {
			m.fault("moved, and was not there: %s %s", key, event.AppendText(nil, r))
		}
		m.away[r.Cookie] = path
	case r.Mask&event.IN_MOVED_TO != 0:
		src, ok := m.away[r.Cookie]
		m.remove(path)
		if ok {
			delete(m.away, r.Cookie)
			for _, p := range m.below(src) {
				delete(m.tree, p)
				m.tree[path+p[len(src):]] = true
			}
			for cookie, p := range m.away {
				if rest, below := event.Linux.Below(src, p); below {
					m.away[cookie] = event.Linux.Join(path, rest)
				}
			}
		}
		m.tree[key] = true
	}
}

// check compares what the records say with root, and the watches with its directories.
func (s *session) check(root string) {
	s.t.Helper()
	m := newModel()
	for i := range s.records {
		m.apply(&s.records[i])
	}
	for _, path := range m.away {
		m.remove(path)
	}
	var diff []string
	real := realTree(s.t, root)
	for p := range real {
		if !m.tree[p] {
			diff = append(diff, "missing "+p)
		}
		if dir, isDir := strings.CutSuffix(p, "/"); isDir {
			if s.table.At(dir) == nil {
				diff = append(diff, "not watched "+p)
			} else if s.identifyLocked(dir) != s.table.At(dir).WD {
				diff = append(diff, "watch of another directory "+p)
			}
		}
	}
	for p := range m.tree {
		if strings.HasPrefix(p, root+"/") && !real[p] {
			diff = append(diff, "left over "+p)
		}
	}
	for _, w := range s.table.Watches() {
		if !real[w.Path()+"/"] && w.Path() != root {
			diff = append(diff, fmt.Sprintf("watch %d of nothing: %s", w.WD, w.Path()))
		}
	}
	diff = append(m.faults, diff...)
	if len(diff) > 0 {
		slices.Sort(diff)
		all := text(s.records)
		if len(all) > 3000 {
			all = all[:3000] + "..."
		}
		s.t.Fatalf("%d differences:\n%s\n%s", len(diff), strings.Join(diff[:min(len(diff), 20)], "\n"), all)
	}
}

func (s *session) identifyLocked(path string) int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identify(path, 0)
}

var _ testing.TB
