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

	"fsrec/store"
	"fsrec/watcher/event"
)

// scenarioExts are what the names of scenarios end in, where a directory is searched for them.
var scenarioExts = []string{".txt", ".scenario"}

// isRecording reports whether a file is a log, or the text form of one.
func isRecording(file string) bool {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return false
	}
	if text := openText(file); text != nil {
		defer text.Close()
		_, err := withoutMark(text)
		return err == nil // what is UTF-16 can be anything, and is refused where it is read
	}
	log, err := store.Open(file)
	if err == nil {
		log.Close()
	}
	return err == nil
}

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
	case err == nil && isRecording(word):
		return nil, fmt.Errorf("%s is a recording and no scenario: fsrec replay reads it", event.Quote(word))
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
	return scenariosOf(word, files)
}

// scenariosOf leaves out the recordings among the files that word means.
func scenariosOf(word string, files []string) ([]string, error) {
	all := slices.DeleteFunc(slices.Clone(files), isRecording)
	if len(all) == 0 {
		return nil, fmt.Errorf("no scenario is in %s: what it has are recordings, which fsrec replay reads", event.Quote(word))
	}
	return all, nil
}

func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", event.Quote(dir), plain(err))
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains(scenarioExts, filepath.Ext(e.Name())) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no scenario is in %s: want files *%s", event.Quote(dir), strings.Join(scenarioExts, " or *"))
	}
	return scenariosOf(dir, files)
}
