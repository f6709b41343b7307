package event

// spelling is how a watch writes a place that the tree has in other letters.
type spelling struct {
	at      *node
	was, as string // it holds as long as at is called was
}

// letters are the spellings of watches whose paths the tree has in other letters.
type letters struct {
	of   map[*Watch][]spelling
	size int // spellings in of
}

// maxSpellings bounds what a hostile log can have kept. Watches beyond have the letters of the tree.
const maxSpellings = 1 << 20

func (l *letters) forget(w *Watch) {
	if all := l.of[w]; all != nil {
		l.size -= len(all)
		delete(l.of, w)
	}
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
	var all []spelling
	w.at.elements(w.path, func(n *node, start, end int) {
		if as := w.path[start:end]; as != n.name {
			all = append(all, spelling{n, n.name, as})
		}
	})
	if all == nil || t.letters.size+len(all) > maxSpellings {
		return
	}
	if t.letters.of == nil {
		t.letters.of = make(map[*Watch][]spelling)
	}
	t.letters.of[w] = all
	t.letters.size += len(all)
}

// write gives the path of w, as the tree has it, the letters of w.
func (t *Table) write(w *Watch, path []byte) {
	letters := t.letters.of[w]
	if letters == nil {
		return
	}
	w.at.elements(string(path), func(n *node, start, _ int) {
		for _, s := range letters {
			if s.at == n && s.was == n.name {
				copy(path[start:], s.as)
			}
		}
	})
}
