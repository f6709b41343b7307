package event

import (
	"errors"
	"fmt"
	"testing"
)

func TestRootsArePairedByWhatIsGivenThenByPathThenByName(t *testing.T) {
	given := func(pairs ...string) RootsOptions {
		o := RootsOptions{Given: make(map[string]string)}
		for i := 0; i < len(pairs); i += 2 {
			o.Given[pairs[i]] = pairs[i+1]
		}
		return o
	}
	linux := func(roots ...string) Rooted { return Rooted{Linux, roots} }
	windows := func(roots ...string) Rooted { return Rooted{Windows, roots} }
	for _, tt := range []struct {
		name        string
		left, right Rooted
		o           RootsOptions
		want        string // pairs, or the beginning of the error
	}{
		{"the same path before the same name", linux("/x/a", "/a"), linux("/a", "/x/a"), RootsOptions{}, "[[/x/a /x/a] [/a /a]]"},
		{"the same name", linux("/x/a", "/b"), windows(`C:\b`, `D:\a`), RootsOptions{}, `[[/x/a D:\a] [/b C:\b]]`},
		{"another case", linux("/A", "/b"), windows(`C:\a`, `C:\B`), RootsOptions{Fold: true}, `[[/A C:\a] [/b C:\B]]`},
		{"another case where it counts", linux("/A", "/b"), linux("/x/a", "/x/b"), RootsOptions{}, "[[/b /x/b] [/A /x/a]]"},
		{"single ones", linux("/a"), linux("/b"), RootsOptions{}, "[[/a /b]]"},
		{"single ones, but only of one path", linux("/a"), linux("/b"), RootsOptions{SamePath: true}, "unrelated roots: "},
		{"given", linux("/a", "/b"), linux("/b", "/c"), given("/a", "/b", "/b", "/c"), "[[/a /b] [/b /c]]"},
		{"given, spelled otherwise", linux("/a"), windows(`C:\Work`), given("/a/", `c:\work`), `[[/a C:\Work]]`},
		{"alone on the left", linux("/a", "/b"), linux("/b"), RootsOptions{}, "[[/b /b] [/a ]]"},
		{"alone on the right", linux(), linux("/b"), RootsOptions{}, "[[ /b]]"},
		{"alone on both", linux("/a", "/b", "/c"), linux("/b", "/d", "/e"), RootsOptions{}, `unrelated roots: the left recording has "/a", "/c", the right one "/d", "/e": say which`},
		{"given, and there is none", linux("/a"), linux("/b"), given("/a", "/c"), `cannot pair root "/a" with "/c": the left recording has "/a", the right one "/b"`},
		{"given twice", linux("/a", "/b"), linux("/c", "/d"), given("/a", "/c", "/b", "/c"), `cannot pair root "/b" with "/c": the left recording has "/a", "/b", the right one "/c", "/d"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pairs, err := PairRoots(tt.left, tt.right, tt.o)
			var roots *RootsError
			if err != nil && !errors.As(err, &roots) {
				t.Fatal(err)
			}
			got := fmt.Sprint(pairs)
			if err != nil {
				got = fmt.Sprintf("%.*s", len(tt.want), err)
			}
			if got != tt.want {
				t.Errorf("got %s (%v)\nwant %s", got, err, tt.want)
			}
		})
	}
}
