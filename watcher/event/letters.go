package event

import "strings"

// spelling is how a watch writes a place that the tree has in other letters.
type spelling struct{ was, as string } // it holds as long as the place is called was

// letters are the spellings of watches whose paths the tree has in other letters.
type letters struct {
	of   map[*Watch]map[*node]spelling
	size int // of all spellings
}

// maxLetters bounds, in bytes, what a hostile log can have kept. Watches beyond have the letters of the tree.
const maxLetters = 16 << 20

// size is about what a spelling takes.
func (s spelling) size() int { return len(s.was) + len(s.as) + 128 }

func (l *letters) forget(w *Watch) {
	for _, s := range l.of[w] {
		l.size -= s.size()
	}
	delete(l.of, w)
}

// elements visits the places that lead to n, from n upwards, with where the name of each
// stands in path, which is that of n.
func (n *node) elements(path string, visit func(n *node, start, end int)) {
	for end := len(path); ; n = n.up {
		start := end - len(n.name)
		visit(n, start, end)
		if n.up == nil {
			return
		}
		if end = start; !n.up.closed {
			end-- // the separator
		}
	}
}

// spell notes in which letters the path of w is written, where the tree has others.
func (t *Table) spell(w *Watch) {
	t.letters.forget(w)
	if t.platform != Windows {
		return
	}
	all := make(map[*node]spelling)
	w.at.elements(w.path, func(n *node, start, end int) {
		if as := w.path[start:end]; as != n.name {
			s := spelling{n.name, strings.Clone(as)} // which does not keep all of the path
			all[n] = s
			t.letters.size += s.size()
		}
	})
	if len(all) == 0 {
		return
	}
	if t.letters.of == nil {
		t.letters.of = make(map[*Watch]map[*node]spelling)
	}
	t.letters.of[w] = all
	if t.letters.size > maxLetters {
		t.letters.forget(w)
	}
}

// write gives the path of w, as the tree has it, the letters of w.
func (t *Table) write(w *Watch, path []byte) {
	letters := t.letters.of[w]
	if letters == nil {
		return
	}
	w.at.elements(string(path), func(n *node, start, _ int) {
		if s := letters[n]; s.was == n.name {
			copy(path[start:], s.as)
		}
	})
}
