package model

import (
	"encoding/json"
	"errors"
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
	Root Path `json:"root,omitempty"` // of the left tree, where it has several
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

// ErrRoots says that two models are about trees that cannot be paired.
var ErrRoots = errors.New("the recordings have roots that do not belong together")

// Compare tells where the trees that two recordings end in differ. Roots are paired by path,
// then by their last element, and single ones with each other; the error is an ErrRoots where some stay alone on both sides.
func Compare(left, right *Model) ([]Change, error) {
	pairs, err := pairRoots(left, right)
	if err != nil {
		return nil, err
	}
	c := comparer{left: left, right: right, fold: folds(left) && folds(right)}
	for _, p := range pairs {
		c.root = ""
		if len(pairs) > 1 {
			c.root = p[0]
		}
		a, _ := left.tree.find(p[0])
		b, _ := right.tree.find(p[1])
		c.dirs(a, b, "")
	}
	return c.changes, nil
}

func folds(m *Model) bool { return m.Header.CaseFold || m.Header.Platform == event.Windows }

func pairRoots(left, right *Model) (pairs [][2]string, err error) {
	a, b := left.Roots(), right.Roots()
	base := func(m *Model, root string) string { return m.Header.Platform.Base(root) }
	for _, same := range []func(l, r string) bool{
		func(l, r string) bool { return l == r },
		func(l, r string) bool { return base(left, l) == base(right, r) },
		func(string, string) bool { return len(a) == 1 && len(b) == 1 },
	} {
		for i := 0; i < len(a); i++ {
			if j := slices.IndexFunc(b, func(r string) bool { return same(a[i], r) }); j >= 0 {
				pairs = append(pairs, [2]string{a[i], b[j]})
				a, b = slices.Delete(a, i, i+1), slices.Delete(b, j, j+1)
				i--
			}
		}
	}
	if len(a) > 0 && len(b) > 0 {
		return nil, fmt.Errorf("%w: %q on the left, %q on the right", ErrRoots, a, b)
	}
	for _, l := range a {
		pairs = append(pairs, [2]string{l, ""})
	}
	for _, r := range b {
		pairs = append(pairs, [2]string{"", r})
	}
	return pairs, nil
}

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
			return nil, fmt.Errorf("%w: the recording has %d roots, say which one is meant", ErrRoots, len(m.roots))
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
	here, _ := m.tree.find(root)
	c := comparer{left: m, fold: folds(m)}
	c.dirs(here, real.top, "")
	return c.changes, nil
}
