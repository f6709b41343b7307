package event

import "testing"

func TestPathsFollowTheRecordedPlatform(t *testing.T) {
	for _, c := range []struct {
		platform          Platform
		dir, name, joined string
		parent, base      string // of joined
	}{
		{Linux, "/a", "b", "/a/b", "/a", "b"},
		{Linux, "/", "b", "/b", "/", "b"},
		{Linux, "/a", "", "/a", "/", "a"},
		{Linux, "/", "", "/", "/", "/"},
		{Linux, "/a", `b\c`, `/a/b\c`, "/a", `b\c`},
		{Windows, `C:\`, "b", `C:\b`, `C:\`, "b"},
		{Windows, `C:\a`, "b/c", `C:\a\b/c`, `C:\a`, "b/c"},
		{Windows, `C:\`, "", `C:\`, `C:\`, `C:\`},
		{Windows, `\\server\share`, "b", `\\server\share\b`, `\\server\share`, "b"},
		{Windows, `\\server\share`, "", `\\server\share`, `\\server\share`, "share"},
	} {
		if got := c.platform.Join(c.dir, c.name); got != c.joined {
			t.Errorf("%s: Join(%q, %q) = %q, want %q", c.platform, c.dir, c.name, got, c.joined)
		}
		if got := string(c.platform.AppendJoin([]byte("x"), c.dir, c.name)); got != "x"+c.joined {
			t.Errorf("%s: AppendJoin(%q, %q) = %q", c.platform, c.dir, c.name, got)
		}
		if got := c.platform.Parent(c.joined); got != c.parent {
			t.Errorf("%s: Parent(%q) = %q, want %q", c.platform, c.joined, got, c.parent)
		}
		if got := c.platform.Base(c.joined); got != c.base {
			t.Errorf("%s: Base(%q) = %q, want %q", c.platform, c.joined, got, c.base)
		}
	}
}

func TestBelowComparesWholeElements(t *testing.T) {
	for _, c := range []struct {
		platform  Platform
		dir, path string
		rest      string
		ok        bool
	}{
		{Linux, "/a", "/a", "", true},
		{Linux, "/a", "/a/b/c", "b/c", true},
		{Linux, "/a", "/ab", "", false},
		{Linux, "/a/b", "/a", "", false},
		{Linux, "/", "/a", "a", true},
		{Linux, "/A", "/a/b", "", false},
		{Windows, `C:\a`, `c:\A\b`, "b", true},
		{Windows, `C:\a`, `C:\ab`, "", false},
		{Windows, `C:\`, `C:\ab`, "ab", true},
	} {
		if rest, ok := c.platform.Below(c.dir, c.path); rest != c.rest || ok != c.ok {
			t.Errorf("%s: Below(%q, %q) = %q, %v", c.platform, c.dir, c.path, rest, ok)
		}
	}
}

func TestFoldIsThatOfNTFS(t *testing.T) {
	for _, c := range []struct {
		platform   Platform
		path, want string
	}{
		{Windows, `c:\Dir\name.TXT`, `C:\DIR\NAME.TXT`},
		{Windows, "\u00e4\u00d6\u00df\u0444", "\u00c4\u00d6\u00df\u0424"},
		{Windows, "\u00b5\u01c6\u01c5\u0131\u017f\u212a", "\u00b5\u01c4\u01c5\u0131\u017f\u212a"},
		{Windows, "\U00010428", "\U00010428"},         // DESERET: two units, no case
		{Windows, "a\xed\xa0\x80b", "A\xed\xa0\x80B"}, // a lone surrogate, as WTF-8
		{Windows, "a\xff", "A\xff"},
		{Linux, "/a", "/a"},
	} {
		if got := c.platform.Fold(c.path); got != c.want || len(got) != len(c.path) {
			t.Errorf("%s: Fold(%q) = %q, want %q", c.platform, c.path, got, c.want)
		}
		if got := string(c.platform.AppendFold([]byte("x"), c.path)); got != "x"+c.want {
			t.Errorf("%s: AppendFold(%q) gives %q, want %q", c.platform, c.path, got, "x"+c.want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Windows.Fold(`C:\DIR`) }); n != 0 {
		t.Errorf("folding what is folded allocates %v times", n)
	}
}
