package diff

import (
	"hash/maphash"
	"math"
	"math/bits"
	"strings"
)

// chunks is a list that grows without moving what is in it.
type chunks[T any] struct {
	parts [][]T
	n     int
}

const (
	chunkBits = 13
	chunkSize = 1 << chunkBits
)

func (c *chunks[T]) add(v T) int {
	if c.n == len(c.parts)*chunkSize {
		c.parts = append(c.parts, make([]T, chunkSize))
	}
	c.parts[c.n>>chunkBits][c.n&(chunkSize-1)] = v
	c.n++
	return c.n - 1
}

func (c *chunks[T]) at(i int) *T { return &c.parts[i>>chunkBits][i&(chunkSize-1)] }

// node is one path of a recording, and what is known of the events on it. Its
// sums are made while the recording is read: where both sides have the same
// ones, nobody has to look at the events again.
type node struct {
	hash   uint64 // of the path below the root, the same in both recordings
	sum    uint64 // of the events, their places among those of the path, and what they stand after: operations, lives of the directories above, repeats
	epoch  uint64 // hash of the lives of this and the directories above it, as of epochAt
	nameAt uint32 // in text
	name   uint32 // length
	parent uint32 // 0 for a root
	same   uint32 // where the node is only a spelling: the node that it means; its parent is then where the name leads from
	count  uint32 // events
	last   uint32 // index of the latest event, plus 1
	gen    uint32 // creations, deletions and renames of the path so far
	at     uint32 // the value of side.lives that epoch is of; 0 is none
	placed uint32 // events that there were when a new directory got its watch; 0 is none
	born   uint32 // events that there were when a directory that has come was surely not there; 0 is not known
}

// names is the tree of the paths of one recording. Numbers of nodes begin
// with 1, and a directory has a lower one than what is in it.
type names struct {
	nodes chunks[node]
	text  strings.Builder
	slots []slotted // open addressing by slotKey
}

// slotKey is what a node is found by. What has the same place below different roots has the same hash.
func slotKey(parent uint32, hash uint64) uint64 { return hash ^ uint64(parent)*0x9e3779b97f4a7c15 }

// slotted is the number of a node in the low half, and in the high one that of its
// key, so that few nodes are looked at that are not the one; 0 is free.
type slotted uint64

func (s slotted) id() uint32 { return uint32(s) }

// unlike reports whether the node has another key.
func (s slotted) unlike(key uint64) bool { return (uint64(s)^key)>>32 != 0 }

// seed and salt are the same for all recordings of a process, so that hashes
// can be compared, and unknown to whoever made a hostile one. The salts have a seed of their own: no name may hash to one.
var (
	seed = maphash.MakeSeed()
	salt = func(seed maphash.Seed) [2]uint64 {
		return [2]uint64{maphash.String(seed, "left"), maphash.String(seed, "right")}
	}(maphash.MakeSeed())
)

// mix is the folded product of wyhash.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^salt[0], b^salt[1])
	return hi ^ lo
}

func newNames() *names {
	n := &names{slots: make([]slotted, 1<<10)}
	n.nodes.add(node{}) // 0 is no node
	return n
}

func (n *names) node(id uint32) *node { return n.nodes.at(int(id)) }

// spelled is the last element of a node's path, as the recording first wrote it.
func (n *names) spelled(id uint32) string { return n.element(n.node(id)) }

func (n *names) element(x *node) string { return n.text.String()[x.nameAt : x.nameAt+x.name] }

// root makes the node of a watched root.
func (n *names) root(hash uint64) uint32 { return uint32(n.nodes.add(node{hash: hash})) }

func hashBelow(parent *node, name string) uint64 {
	return mix(parent.hash, maphash.String(seed, name))
}

// find gives the node of a name in a directory, or 0, and the hash to insert it with.
func (n *names) find(parent uint32, name string) (id uint32, hash uint64) {
	hash = hashBelow(n.node(parent), name)
	return n.lookup(parent, hash, name), hash
}

// lookup is find for a hash that is known.
func (n *names) lookup(parent uint32, hash uint64, name string) uint32 {
	key, mask := slotKey(parent, hash), uint64(len(n.slots)-1)
	for i := key & mask; ; i = (i + 1) & mask {
		at := n.slots[i]
		if at == 0 {
			return 0
		}
		if at.unlike(key) {
			continue
		}
		if x := n.node(at.id()); x.hash == hash && x.parent == parent && n.element(x) == name {
			return at.id()
		}
	}
}

// insert adds a node that find did not find.
func (n *names) insert(parent uint32, name string, hash uint64) uint32 {
	if n.nodes.n*4 >= len(n.slots)*3 {
		n.grow()
	}
	id := uint32(n.nodes.add(node{hash: hash, parent: parent, nameAt: uint32(n.text.Len()), name: uint32(len(name))}))
	n.text.WriteString(name)
	n.place(id, slotKey(parent, hash))
	return id
}

func (n *names) place(id uint32, key uint64) {
	mask := uint64(len(n.slots) - 1)
	i := key & mask
	for n.slots[i] != 0 {
		i = (i + 1) & mask
	}
	n.slots[i] = slotted(key&^math.MaxUint32 | uint64(id))
}

func (n *names) grow() {
	n.slots = make([]slotted, 2*len(n.slots))
	clear(n.slots) // a fresh page that is read before it is written costs two faults, and the second one stops all processors
	for id := 1; id < n.nodes.n; id++ {
		if x := n.nodes.at(id); x.parent != 0 {
			n.place(uint32(id), slotKey(x.parent, x.hash))
		}
	}
}

// path is where a node stands below its root, with slashes; "." is the root itself.
func (n *names) path(id uint32) string {
	var elements []uint32
	size := 0
	for ; n.node(id).parent != 0; id = n.node(id).parent {
		elements = append(elements, id)
		size += int(n.node(id).name) + 1
	}
	if len(elements) == 0 {
		return "."
	}
	b := make([]byte, 0, size)
	for i := len(elements) - 1; i >= 0; i-- {
		if len(b) > 0 {
			b = append(b, '/')
		}
		b = append(b, n.spelled(elements[i])...)
	}
	return string(b)
}

// rootOf is the root that a node stands below.
func (n *names) rootOf(id uint32) uint32 {
	for n.node(id).parent != 0 {
		id = n.node(id).parent
	}
	return id
}

// below reports whether a node is strictly inside another.
func (n *names) below(id, dir uint32) bool {
	for id = n.node(id).parent; id != 0; id = n.node(id).parent {
		if id == dir {
			return true
		}
	}
	return false
}

// insertText keeps a string as a node that no path leads to.
func (n *names) insertText(s string) uint32 {
	id := uint32(n.nodes.n)
	n.nodes.add(node{same: id, nameAt: uint32(n.text.Len()), name: uint32(len(s))})
	n.text.WriteString(s)
	return id
}

// nodeSet is a set of nodes.
type nodeSet []uint64

func (b *nodeSet) set(id uint32) {
	for int(id/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[id/64] |= 1 << (id % 64)
}

func (b nodeSet) has(id uint32) bool { return int(id/64) < len(b) && b[id/64]>>(id%64)&1 != 0 }
