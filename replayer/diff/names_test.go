package diff

import (
	"strconv"
	"testing"
)

// Chains of short names do not collide, whatever the names are.
func TestPathsHashApart(t *testing.T) {
	n := newNames()
	root := n.root(salt[1])
	seen := make(map[uint64]bool)
	for i := range 256 {
		for _, name := range []string{string(rune(i)), strconv.Itoa(i)} {
			dir := root
			for range 50 {
				id, hash := n.find(dir, name)
				if id == 0 {
					if seen[hash] {
						t.Fatalf("%q has the hash of another path", name)
					}
					seen[hash] = true
					id = n.insert(dir, name, hash)
				}
				dir = id
			}
		}
	}
}
