package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"fsrec/watcher/event"
)

// Path is a byte string. In JSON it is a string, or {"b64": "..."} where it is not UTF-8.
type Path string

// MarshalJSON implements json.Marshaler.
func (p Path) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(p)) {
		return json.Marshal(string(p))
	}
	return json.Marshal(map[string][]byte{"b64": []byte(p)})
}

// Change is a place where two trees differ.
type Change struct {
	Path Path `json:"path"`           // below the root, with slashes
	Root Path `json:"root,omitempty"` // where there are several: of the left tree, or if only the right one has it, of that
	// What each side has there: "dir", "file", or "" for nothing.
	Left  string `json:"left"`
	Right string `json:"right"`
	// Uncertain: a side lacks it that does not know all of the directory, or
	// what a side has was last mentioned before a loss.
	Uncertain bool `json:"uncertain,omitempty"`
}

func (c Change) String() string {
	doubt := ""
	if c.Uncertain {
		doubt = " (not certain)"
	}
	name := func(kind string) string {
		if kind == "" {
			return "nothing"
		}
		return "a " + kind
	}
	return fmt.Sprintf("%q: %s on the left, %s on the right%s", string(c.Path), name(c.Left), name(c.Right), doubt)
}

// Compare tells where the trees that two recordings end in differ. Roots are paired by event.PairRoots, those of
// roots (left path to right path) first; the error is an *event.RootsError where the recordings are about different directories.
func Compare(left, right *Model, roots map[string]string) ([]Change, error) {
	c := comparer{left: left, right: right, fold: folds(left) && folds(right)}
	pairs, err := event.PairRoots(left.rooted(), right.rooted(), event.RootsOptions{Given: roots, Fold: c.fold})
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		c.root = ""
		if len(pairs) > 1 {
			c.root = cmp.Or(p[0], p[1])
		}
		a, b := left.root(p[0]), right.root(p[1])
		if len(pairs) == 1 && len(roots) == 0 && c.unrelated(p, a, b) {
			return nil, &event.RootsError{Left: p[:1], Right: p[1:], Disjoint: true}
		}
		c.dirs(a, b, "")
	}
	return c.changes, nil
}

func (m *Model) rooted() event.Rooted {
	return event.Rooted{Platform: m.Header.Platform, Roots: m.roots}
}

// root is the node of a root, nil where there is none.
func (m *Model) root(path string) *node {
	if path == "" {
		return nil
	}
	n := m.tree.at(path)
	return n
}

// unrelated reports whether two roots of different names hold nothing of the same name.
func (c *comparer) unrelated(pair [2]string, a, b *node) bool {
	if a == nil || b == nil || len(a.children) == 0 || len(b.children) == 0 || c.left.Header.Platform.Base(pair[0]) == c.right.Header.Platform.Base(pair[1]) {
		return false
	}
	names := make(map[string]bool, len(a.children))
	for _, child := range a.children {
		names[c.key(child.name)] = true
	}
	for _, child := range b.children {
		if names[c.key(child.name)] {
			return false
		}
	}
	return true
}

func folds(m *Model) bool { return m.Header.CaseFold || m.Header.Platform == event.Windows }

// comparer walks two trees at the same time.
type comparer struct {
	left, right *Model
	fold        bool
	root        string
	changes     []Change
}

func (c *comparer) key(name string) string {
	if c.fold {
		return event.Windows.Fold(name)
	}
	return name
}

// dirs compares what is in two directories; nil is one that is not there.
func (c *comparer) dirs(a, b *node, prefix string) {
	names := make(map[string][2]*node)
	for i, n := range []*node{a, b} {
		if n != nil {
			for _, child := range n.children {
				pair := names[c.key(child.name)]
				pair[i] = child
				names[c.key(child.name)] = pair
			}
		}
	}
	keys := make([]string, 0, len(names))
	for key := range names {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		pair := names[key]
		l, r := pair[0], pair[1]
		shown := l
		if shown == nil {
			shown = r
		}
		at := prefix + shown.name
		if kindOf(l) != kindOf(r) && !alike(l, r) {
			c.changes = append(c.changes, Change{Path(at), Path(c.root), kindOf(l), kindOf(r), c.doubt(c.left, a, l) || c.doubt(c.right, b, r)})
		}
		c.dirs(l, r, at+"/")
	}
}

// doubt reports whether a model does not know for certain what it says about n in dir.
func (c *comparer) doubt(m *Model, dir, n *node) bool {
	if m == nil {
		return false
	}
	if n == nil {
		return dir == nil && m.Losses > 0 || dir != nil && dir.full != m.Losses
	}
	return m.uncertain(n)
}

// alike: both are there, and it is not known of one what it is.
func alike(l, r *node) bool { return l != nil && r != nil && (l.untold || r.untold) }

func kindOf(n *node) string {
	switch {
	case n == nil:
		return ""
	case n.dir:
		return "dir"
	}
	return "file"
}

// CompareFS tells where the model of a root, on the left, and a real directory, on the right, differ.
// A root of "" is the only one. What is not in fsys but cannot be looked at is an error.
func (m *Model) CompareFS(root string, fsys fs.FS) ([]Change, error) {
	if root == "" {
		if len(m.roots) != 1 {
			return nil, fmt.Errorf("the recording has %d roots: say which one is meant", len(m.roots))
		}
		root = m.roots[0]
	}
	real := newTree(event.Linux) // paths of fs.FS have slashes
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		real.make(path.Clean(strings.TrimPrefix(p, "/")), d.IsDir())
		return nil
	})
	if err != nil {
		return nil, err
	}
	here := m.tree.at(root)
	c := comparer{left: m, fold: folds(m)}
	c.dirs(here, real.top, "")
	return c.changes, nil
}
