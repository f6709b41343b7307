package diff_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// documents are the sources that have a name; the head of the catalogue says where each is.
var documents = []string{"inotify(7) ", "lore.kernel.org/", "[MS-FSCC] ", "ReadDirectoryChangesW ", "FILE_NOTIFY_INFORMATION "}

var (
	issue  = regexp.MustCompile(`^[\w.-]+/[\w.-]+#[0-9]+$`)
	commit = regexp.MustCompile(`^[\w.-]+/[\w.-]+@[0-9a-f]{7,} \S`)
)

// found reports whether a reader can go where a source of the catalogue sends him.
func found(source string) bool {
	for _, name := range documents {
		if rest, ok := strings.CutPrefix(source, name); ok {
			return rest != ""
		}
	}
	if issue.MatchString(source) || commit.MatchString(source) {
		return true
	}
	path, _, _ := strings.Cut(source, " ")
	if !filepath.IsLocal(path) || !strings.Contains(path, ".") {
		return false
	}
	info, err := os.Stat(filepath.Join("..", "..", path))
	return err == nil && info.Mode().IsRegular()
}

func TestEverySourceCanBeFound(t *testing.T) {
	for _, rule := range diff.BuiltIn().Rules {
		for source := range strings.SplitSeq(rule.Source, "; ") {
			if !found(source) {
				t.Errorf("%s: %q is neither an issue or a file of a repository, nor a file of this one, nor a place in %q", rule.ID, source, documents)
			}
		}
	}
	head, _, _ := strings.Cut(diff.CatalogueText(), "\nrule ")
	for _, name := range documents {
		if line := regexp.MustCompile(`(?m)^# +` + regexp.QuoteMeta(strings.TrimRight(name, " /")) + ` +https://\S+`); !line.MatchString(head) {
			t.Errorf("the head of the catalogue does not say where %q is", name)
		}
	}
}

func TestASourceThatLeadsNowhereIsSeen(t *testing.T) {
	for _, source := range []string{
		"", "somebody", "windows facts 3.3", "watchdog #561", "watchdog test_move_simple", "inotify(7)", "fsnotify/fsnotify", "fsnotify/fsnotify@main x",
		"fsnotify/fsnotify@58d0c04", "testdata/traces/windows", "testdata/traces/windows/no-such.txt", "/etc/passwd", "../diff/rule.go", "gradle/gradle#1, #2",
	} {
		if found(source) {
			t.Errorf("%q was taken", source)
		}
	}
}
