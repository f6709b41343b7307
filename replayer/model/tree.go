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
}

func newTree(p event.Platform) tree { return tree{p, newNode("", true)} }

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
	n = t.top
	for element := range t.split(path) {
		if n == nil {
			return nil, above, false
		}
		above, n = n, n.children[t.platform.Fold(element)]
	}
	return n, above, above != nil
}

// at gives the node of path, or nil.
func (t *tree) at(path string) *node {
	n, _, _ := t.find(path)
	return n
}

// make gives the node of path; what leads there is implied.
func (t *tree) make(path string, dir bool) *node {
	n := t.top
	for element := range t.split(path) {
		key := t.platform.Fold(element)
		next := n.children[key]
		if next == nil {
			next = newNode(element, true)
			next.implied = true
			n.add(key, next)
		}
		n = next
	}
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
	old := t.make(path, n.dir)
	up, key := old.parent, t.platform.Fold(old.name)
	if up == nil {
		return // a root has no name to be put under
	}
	n.name = old.name
	up.add(key, n)
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
