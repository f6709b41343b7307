package model

import (
	"iter"
	"slices"
	"strings"

	"fsrec/watcher/event"
)

// node is a name in the tree.
type node struct {
	name     string // as it was last spelled
	parent   *node
	children map[string]*node // by folded name
	dir      bool
	untold   bool // nobody said whether it is a directory, and dir is false
	implied  bool // nobody said that it is there, but something below it is
	listed   bool // a listing on Windows found it, and the record of its creation can still come
	// full: at this loss all names in the directory were known; -1 is never.
	full int
	// seen is how many losses there had been when it was last mentioned.
	seen int
	// gone are names that were there once: late events may still be about them.
	gone map[string]bool
}

func newNode(name string, dir bool) *node { return &node{name: name, dir: dir, full: -1} }

// subject gives a node for what an event is about.
func subject(r *event.Record) *node {
	n := newNode("", r.Mask&event.IN_ISDIR != 0)
	n.untold = r.Flags&event.FlagDirUnknown != 0
	return n
}

// holds reports whether there can be something in n.
func (n *node) holds() bool { return n.dir || n.untold }

// tell keeps what an event says about n.
func (n *node) tell(r *event.Record) {
	if n.untold && r.Flags&event.FlagDirUnknown == 0 {
		n.dir, n.untold = r.Mask&event.IN_ISDIR != 0, false
	}
}

// tree holds nodes by absolute path.
type tree struct {
	platform event.Platform
	top      *node
	near     *node  // the directory of the path that was walked last, from which the next one goes on where it is below
	nearPath string // up to its last separator
}

func newTree(p event.Platform) tree { return tree{platform: p, top: newNode("", true)} }

// begin gives the directory from which path is walked, and what of path is below it.
func (t *tree) begin(path string) (from *node, rest string) {
	if t.near != nil && !t.ends(path) {
		if rest, below := t.platform.Below(t.nearPath, path); below && rest != "" {
			return t.near, rest
		}
	}
	return t.top, path
}

// ends reports whether path ends in a separator.
func (t *tree) ends(path string) bool {
	return path != "" && path[len(path)-1] == t.platform.Separator()
}

// arrived remembers the directory of path.
func (t *tree) arrived(path string, dir *node) {
	if last := strings.LastIndexByte(path, t.platform.Separator()); dir != nil && last > 0 && !t.ends(path) {
		t.near, t.nearPath = dir, path[:last]
	}
}

// leave tells that what is below n is no longer there.
func (t *tree) leave(n *node) {
	if n == t.near || len(n.children) > 0 {
		t.near = nil
	}
}

// split yields the elements of an absolute path; that before the first separator is one, too.
func (t *tree) split(path string) iter.Seq[string] {
	separator := t.platform.Separator()
	return func(yield func(string) bool) {
		for path := path; path != ""; {
			element := path
			if i := strings.IndexByte(path, separator); i >= 0 {
				element, path = path[:i], path[i+1:]
			} else {
				path = ""
			}
			if element != "" && !yield(element) {
				return
			}
		}
	}
}

// find gives the node of path, or nil, and the nearest directory above it that there
// is: with direct that of path.
func (t *tree) find(path string) (n, above *node, direct bool) {
	n, rest := t.begin(path)
	for element := range t.split(rest) {
		if n == nil {
			return nil, above, false
		}
		above, n = n, n.children[t.platform.Fold(element)]
	}
	t.arrived(path, above)
	return n, above, above != nil
}

// at gives the node of path, or nil.
func (t *tree) at(path string) *node {
	n, _, _ := t.find(path)
	return n
}

// make gives the node of path; what leads there is implied.
func (t *tree) make(path string, dir bool) *node {
	n, rest := t.begin(path)
	for element := range t.split(rest) {
		key := t.platform.Fold(element)
		next := n.children[key]
		if next == nil {
			next = newNode(strings.Clone(element), true) // which does not keep all of the path
			next.implied = true
			n.add(t.platform.Fold(next.name), next)
		}
		n = next
	}
	t.arrived(path, n.parent)
	n.dir, n.untold, n.implied = dir, false, false
	return n
}

func (n *node) add(key string, child *node) {
	if n.children == nil {
		n.children = make(map[string]*node)
	}
	n.dir, n.untold = true, false
	n.children[key], child.parent = child, n
}

// remove detaches a node with all that is below it.
func (t *tree) remove(n *node) {
	up := n.parent
	if up == nil {
		return
	}
	t.leave(n)
	key := t.platform.Fold(n.name)
	delete(up.children, key)
	if up.gone == nil {
		up.gone = make(map[string]bool)
	}
	up.gone[key] = true
	n.parent = nil
}

// put makes n the node of path, in place of what is there.
func (t *tree) put(path string, n *node) {
	old, up, direct := t.find(path)
	if old == nil && direct && !t.ends(path) {
		n.name = strings.Clone(t.platform.Base(path))
		up.add(t.platform.Fold(n.name), n)
		return
	}
	old = t.make(path, n.dir)
	if up = old.parent; up == nil {
		return // a root has no name to be put under
	}
	t.leave(old)
	n.name = old.name
	up.add(t.platform.Fold(n.name), n)
}

// size is how many names are below n.
func (n *node) size() int {
	all := len(n.children)
	for _, child := range n.children {
		all += child.size()
	}
	return all
}

// sorted lists the children in the order of their names.
func (n *node) sorted() []*node {
	all := make([]*node, 0, len(n.children))
	for _, child := range n.children {
		all = append(all, child)
	}
	slices.SortFunc(all, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return all
}
