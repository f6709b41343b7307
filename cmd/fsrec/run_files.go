package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"fsrec/watcher/event"
)

// scenarioExt is what the names of scenarios end in, where a directory is searched for them.
const scenarioExt = ".txt"

// scenarioFiles are the files that words mean: each once, those of a directory or a pattern in the order of their names.
func scenarioFiles(words []string) ([]string, error) {
	var all []string
	for _, word := range words {
		files, err := filesOf(word)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if !slices.Contains(all, file) {
				all = append(all, file)
			}
		}
	}
	return all, nil
}

func filesOf(word string) ([]string, error) {
	info, err := os.Stat(word)
	switch {
	case err == nil && info.IsDir():
		return filesIn(word)
	case err == nil:
		return []string{filepath.Clean(word)}, nil
	case !strings.ContainsAny(word, "*?[{"):
		return nil, fmt.Errorf("cannot read %s: %w", event.Quote(word), plain(err))
	}
	files, err := doublestar.FilepathGlob(word, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	switch {
	case errors.Is(err, doublestar.ErrBadPattern):
		return nil, fmt.Errorf("%s is not a pattern: want *, **, ?, [a-z], {a,b}", event.Quote(word))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot look for %s: %w", event.Quote(word), plain(err))
	case len(files) == 0:
		return nil, fmt.Errorf("no scenario is called %s", event.Quote(word))
	}
	slices.Sort(files)
	return files, nil
}

func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", event.Quote(dir), plain(err))
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == scenarioExt {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no scenario is in %s: want files *%s", event.Quote(dir), scenarioExt)
	}
	return files, nil
}
