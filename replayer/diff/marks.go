package diff

import (
	"iter"
	"math/bits"
)

// marks is a set of events of a recording, which it numbers, so that what is known of
// them can stand in a list, however many they are.
type marks struct {
	words  []uint64
	before []int32 // by word, how many are in those before
	n      int
}

func newMarks(events int) *marks { return &marks{words: make([]uint64, (events+63)/64)} }

func (m *marks) add(index int) { m.words[index/64] |= 1 << (index % 64) }

// number ends the adding.
func (m *marks) number() {
	m.before = make([]int32, len(m.words))
	for i, w := range m.words {
		m.before[i] = int32(m.n)
		m.n += bits.OnesCount64(w)
	}
}

// place is the number of an event, -1 where it is not in the set.
func (m *marks) place(index int) int {
	w, bit := m.words[index/64], uint64(1)<<(index%64)
	if w&bit == 0 {
		return -1
	}
	return int(m.before[index/64]) + bits.OnesCount64(w&(bit-1))
}

// byEvent keeps a number from 0 for each of some marked events. The zero value is empty.
type byEvent struct {
	marks  *marks
	values []int32 // plus 1
}

func newByEvent(m *marks) byEvent { return byEvent{m, make([]int32, m.n)} }

func (b *byEvent) put(index, n int) { b.values[b.marks.place(index)] = int32(n + 1) }

// get gives 0 and false where there is none.
func (b *byEvent) get(index int) (n int, ok bool) {
	if b.marks == nil {
		return 0, false
	}
	at := b.marks.place(index)
	if at < 0 || b.values[at] == 0 {
		return 0, false
	}
	return int(b.values[at] - 1), true
}

// all yields the events that have a number, in order.
func (b *byEvent) all() iter.Seq2[int, int] {
	return func(yield func(index, n int) bool) {
		if b.marks == nil {
			return
		}
		at := 0
		for i, w := range b.marks.words {
			for ; w != 0; w &= w - 1 {
				if n := b.values[at]; n > 0 && !yield(i*64+bits.TrailingZeros64(w), int(n-1)) {
					return
				}
				at++
			}
		}
	}
}
