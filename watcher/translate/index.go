package translate

import (
	"bytes"

	"fsrec/watcher/event"
)

// subject is what an event is about.
type subject uint8

const (
	unknown subject = iota
	file
	directory
)

// index knows the directories below a watched one, and whatever else it must to
// tell a name that is no directory from one that it has never heard of.
type index struct {
	root node
	// complete: every directory is known, so that a name that is not in the
	// index is that of a file, unless it is a short one. Otherwise files are in it too.
	complete bool
	scratch  []byte
}

// node is a place in the tree. A directory has children, by folded name.
type node struct {
	is       subject
	children map[string]*node
}

// reset forgets everything.
func (x *index) reset(complete bool) {
	x.root, x.complete = node{}, complete
}

// lookup is what the index says of name, and notes that it stands in a directory.
func (x *index) lookup(name string) subject {
	parent, last := x.walk(name, true)
	if n := parent.children[string(last)]; n != nil {
		return n.is
	}
	if x.complete && !mayBeShort(name) {
		return file
	}
	return unknown
}

// mayBeShort: an element of name looks like the short (8.3) form of another
// name, under which the index knows it. ReadDirectoryChangesW delivers those too.
func mayBeShort(name string) bool {
	for i := 1; i < len(name); i++ {
		if name[i-1] == '~' && '0' <= name[i] && name[i] <= '9' {
			return true
		}
	}
	return false
}

// walk gives the node of the directory that holds name, and the folded last
// element, which is valid until the next walk. With place the directories on
// the way are put into the index; without, the node is nil where one is missing.
func (x *index) walk(name string, place bool) (parent *node, last []byte) {
	x.scratch = event.Windows.AppendFold(x.scratch[:0], name)
	parent, last = &x.root, x.scratch
	for {
		i := bytes.IndexByte(last, '\\')
		if i < 0 {
			return parent, last
		}
		child := parent.children[string(last[:i])]
		if child == nil {
			if !place {
				return nil, nil
			}
			child = &node{}
			parent.add(last[:i], child)
		}
		if place {
			child.is = directory
		}
		parent, last = child, last[i+1:]
	}
}

func (n *node) add(name []byte, child *node) {
	if n.children == nil {
		n.children = make(map[string]*node)
	}
	n.children[string(name)] = child
}

// learn notes what name is from now on.
func (x *index) learn(name string, is subject) {
	if is == file && x.complete && !mayBeShort(name) {
		x.take(name)
		return
	}
	parent, last := x.walk(name, true)
	n := parent.children[string(last)]
	if n == nil {
		n = &node{}
		parent.add(last, n)
	}
	if n.is = is; is == file {
		n.children = nil
	}
}

// take removes name, with all below it, and returns it, nil if it is not there.
func (x *index) take(name string) *node {
	parent, last := x.walk(name, false)
	if parent == nil {
		return nil
	}
	n := parent.children[string(last)]
	if n != nil {
		delete(parent.children, string(last))
	}
	return n
}

// put places what take returned, with all below it, at name.
func (x *index) put(name string, n *node) {
	parent, last := x.walk(name, true)
	parent.add(last, n)
}
