package live

import (
	"os"

	"fsrec/watcher/event"
)

// ignored are the paths of Options.Ignore.
type ignored struct{ paths []string }

func newIgnored(paths []string) ignored {
	var i ignored
	for _, path := range paths {
		if abs, err := absolute(path); err == nil {
			i.paths = append(i.paths, abs)
		}
	}
	return i
}

// below gives what of it is at or below root, as names from there. Root may
// lead to a directory that holds an ignored path under another name, such as a short one.
func (i *ignored) below(root string) (names []string) {
	if len(i.paths) == 0 {
		return nil
	}
	there, _ := os.Stat(systemPath(root)) // what is not there is compared by its name alone
	for _, path := range i.paths {
		if rest, ok := event.Windows.Below(root, path); ok {
			names = append(names, rest)
			continue
		}
		for at := path; there != nil; at = event.Windows.Parent(at) {
			if same, err := os.Stat(systemPath(at)); err == nil && os.SameFile(there, same) {
				rest, _ := event.Windows.Below(at, path)
				names = append(names, rest)
				break
			}
			if at == event.Windows.Parent(at) {
				break
			}
		}
	}
	return names
}
