package diff

import "iter"

// Row is one line of both recordings side by side.
type Row struct {
	Left, Right *Event // nil where only the other side has it, or has it elsewhere
	Difference  int    // place in Result.Differences, -1 where both are the same
	Operation   string // of a row without events: an operation begins, of either recording
	Alone       string // where both tell of operations and only one of this one: left or right
}

// Rows yields the whole of both recordings in the order of the left one, operation by operation where both tell
// of them; what only the right one has stands before the common event that it precedes. Of a Replaced
// difference the first events stand against each other, and the second. A Row is valid until the next.
func (r *Result) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if r.c != nil {
			w := rowWriter{r: r, c: r.c, tell: teller{c: r.c}, yield: yield}
			w.run()
		}
	}
}

type rowWriter struct {
	r       *Result
	c       *comparison
	tell    teller
	yield   func(Row) bool
	partner []int32 // of each left event: the right one that stands against it, -1 for none
	paired  []bool  // right events that are one's partner
	next    [2]int  // the events of each side that have been told
	ops     [2]int  // and its operations
	events  [2]Event
	stop    bool
}

func (w *rowWriter) run() {
	w.pair()
	w.pairReplaced()
	if w.c.operated() {
		w.operations()
	} else { // one of them may tell of some
		w.until([2]int{w.c.sides[0].events.n, w.c.sides[1].events.n})
	}
}

// operations tells the operations of both sides in their common order.
func (w *rowWriter) operations() {
	w.until(w.ends())
	for !w.stop {
		var at [2]int // where the next operation of each side stands in the common list, 0 for none
		for i, places := range w.c.opIn {
			if n := w.ops[i] + 1; n < len(places) {
				at[i] = places[n]
			}
		}
		i := 0
		if at[0] == 0 || at[1] != 0 && at[1] < at[0] {
			i = 1
		}
		if at[i] == 0 {
			return
		}
		if at[0] == at[1] {
			w.begin(i, "")
			w.ops[1-i]++
		} else {
			w.begin(i, [...]string{"left", "right"}[i])
		}
		w.until(w.ends())
	}
}

// begin tells that the next operation of a side begins.
func (w *rowWriter) begin(i int, alone string) {
	w.emit(Row{Difference: -1, Operation: w.c.sides[i].ops[w.ops[i]].text, Alone: alone})
	w.ops[i]++
}

// ends are where the current operation of each side ends.
func (w *rowWriter) ends() (ends [2]int) {
	for i, s := range w.c.sides {
		ends[i] = s.events.n
		if n := w.ops[i]; n < len(s.ops) {
			ends[i] = s.ops[n].at
		}
	}
	return ends
}

// until tells the events of both sides before these.
func (w *rowWriter) until(ends [2]int) {
	for ; w.next[0] < ends[0] && !w.stop; w.next[0]++ {
		i := w.next[0]
		w.beginAt(0, i)
		if w.c.isSecond(0, i) {
			continue
		}
		j := int(w.partner[i])
		if j >= 0 && w.c.sides[0].isCommon(i) {
			w.rightOnly(min(j, ends[1]))
		}
		w.tellRow(i, j)
	}
	w.rightOnly(ends[1])
}

// rightOnly tells what only the right side has before event j.
func (w *rowWriter) rightOnly(j int) {
	for ; w.next[1] < j && !w.stop; w.next[1]++ {
		n := w.next[1]
		w.beginAt(1, n)
		if !w.paired[n] && !w.c.isSecond(1, n) {
			w.tellRow(-1, n)
		}
	}
	w.beginAt(1, j)
}

// beginAt tells the operations of a side that begin before one of its events, where only that side tells of any.
func (w *rowWriter) beginAt(i, index int) {
	s := w.c.sides[i]
	for !w.c.operated() && w.ops[i] < len(s.ops) && s.ops[w.ops[i]].at <= index {
		w.begin(i, "")
	}
}

// tellRow tells an event of the left side, of the right one, or both; -1 is none. What was set aside is left out.
func (w *rowWriter) tellRow(i, j int) {
	at := [2]int{i, j}
	row := Row{Difference: -1}
	for side, index := range at {
		if index < 0 {
			continue
		}
		if n, ok := w.r.groupOf[side].get(index); ok {
			row.Difference = n
		}
	}
	if row.Difference < 0 && (i < 0 || j < 0) {
		return
	}
	for side, to := range []**Event{&row.Left, &row.Right} {
		if at[side] >= 0 {
			w.events[side] = w.tell.event(side, at[side])
			*to = &w.events[side]
		}
	}
	w.emit(row)
}

func (w *rowWriter) emit(row Row) {
	if !w.stop {
		w.stop = !w.yield(row)
	}
}

// pair finds the events that both sides have.
func (w *rowWriter) pair() {
	left, right := w.c.sides[0], w.c.sides[1]
	left.index()
	right.index()
	w.paired, w.partner = make([]bool, right.events.n), make([]int32, left.events.n)
	for i := range w.partner {
		w.partner[i] = -1
	}
	for id := 1; id < left.names.nodes.n; id++ {
		x, y := left.of(uint32(id)), right.of(w.c.peer[0][id])
		if w.c.conf.match == Set {
			x, y = w.c.byToken(0, x), w.c.byToken(1, y)
		}
		i, j := 0, 0
		for {
			for i < len(x) && !left.isCommon(int(x[i])) {
				i++
			}
			for j < len(y) && !right.isCommon(int(y[j])) {
				j++
			}
			if i == len(x) || j == len(y) {
				break
			}
			w.partner[x[i]], w.paired[y[j]] = int32(y[j]), true
			i++
			j++
		}
	}
}

// pairReplaced sets the events of a Replaced difference against each other, those of each operation by themselves.
func (w *rowWriter) pairReplaced() {
	waiting := make([][]int32, len(w.r.Differences)) // on the right side
	for j, d := range w.r.groupOf[1].all() {
		if w.r.Differences[d].Kind == Replaced && !w.paired[j] && !w.c.isSecond(1, j) {
			waiting[d] = append(waiting[d], int32(j))
		}
	}
	for i, d := range w.r.groupOf[0].all() {
		if w.partner[i] >= 0 || w.c.isSecond(0, i) {
			continue
		}
		place := w.c.place(0, i)
		for len(waiting[d]) > 0 && w.c.place(1, int(waiting[d][0])) < place {
			waiting[d] = waiting[d][1:]
		}
		if len(waiting[d]) > 0 && w.c.place(1, int(waiting[d][0])) == place {
			j := waiting[d][0]
			waiting[d] = waiting[d][1:]
			w.partner[i], w.paired[j] = j, true
		}
	}
}
