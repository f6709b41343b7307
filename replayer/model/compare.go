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
	c := newComparer(left, right, folds(left) && folds(right), right.Header.Platform)
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
		c.dirs(a, b)
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
	keyed       bool // both trees file what is in a directory under the keys of c
	root        string
	at          []byte // the directory that is compared, with a slash at its end
	changes     []Change
}

func newComparer(left, right *Model, fold bool, other event.Platform) comparer {
	here := left.Header.Platform
	return comparer{left: left, right: right, fold: fold, keyed: (here == event.Windows) == fold && (other == event.Windows) == fold}
}

func (c *comparer) key(name string) string {
	if c.fold {
		return event.Windows.Fold(name)
	}
	return name
}

// pair is what two directories have under a key.
type pair struct {
	key         string
	left, right *node
}

// dirs compares what is in two directories; nil is one that is not there.
func (c *comparer) dirs(a, b *node) {
	for _, p := range c.pairs(a, b) {
		shown := p.left
		if shown == nil {
			shown = p.right
		}
		size := len(c.at)
		c.at = append(c.at, shown.name...)
		if kindOf(p.left) != kindOf(p.right) && !alike(p.left, p.right) {
			c.changes = append(c.changes, Change{Path(c.at), Path(c.root), kindOf(p.left), kindOf(p.right), c.doubt(c.left, a, p.left) || c.doubt(c.right, b, p.right)})
		}
		c.at = append(c.at, '/')
		c.dirs(p.left, p.right)
		c.at = c.at[:size]
	}
}

// pairs lists what is in two directories, in order, but for files that both have.
func (c *comparer) pairs(a, b *node) []pair {
	var all []pair
	for i, n := range []*node{a, b} {
		if n == nil {
			continue
		}
		for filed, child := range n.children {
			if c.keyed && a != nil && b != nil && isFile(a.children[filed]) && isFile(b.children[filed]) {
				continue
			}
			p := pair{key: c.key(child.name), left: child}
			if i == 1 {
				p.left, p.right = nil, child
			}
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	n := 0
	for _, p := range all {
		if n > 0 && all[n-1].key == p.key {
			all[n-1].left, all[n-1].right = cmp.Or(all[n-1].left, p.left), cmp.Or(all[n-1].right, p.right)
			continue
		}
		all[n] = p
		n++
	}
	return all[:n]
}

func isFile(n *node) bool { return n != nil && !n.dir && len(n.children) == 0 }

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
	c := newComparer(m, nil, folds(m), event.Linux)
	c.dirs(here, real.top)
	return c.changes, nil
}
