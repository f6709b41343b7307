package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"fsrec/cmd/fsrec/internal/comparison"
	"fsrec/cmd/fsrec/internal/report"
	"fsrec/cmd/fsrec/internal/tell"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// OUTPUT.md has every key of every form, in the section of its verb.
func TestEveryKeyOfJSONIsDescribed(t *testing.T) {
	doc, err := os.ReadFile("OUTPUT.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for part := range strings.SplitSeq(string(doc), "\n## ") {
		title, text, _ := strings.Cut(part, "\n")
		sections[title] = text
	}
	for title, all := range map[string][]any{
		"diff":         {diff.Result{}},
		"diff --state": {comparison.State{}},
		"explain":      {tell.Line{}, tell.Rule{}},
		"check":        {checked{}},
		"info":         {report.Report{}},
		"run":          {runObject{}},
	} {
		text := sections[title]
		if title == "check" {
			text += sections["diff --state"]
		}
		for _, v := range all {
			for key := range keys(reflect.TypeOf(v), make(map[string]bool)) {
				if !strings.Contains(text, "`"+key+"`") {
					t.Errorf("%s: nothing tells what %q of %T is", title, key, v)
				}
			}
		}
	}
	for _, key := range []string{"seq", "t", "wd", "mask", "path", "name", "pathname", "dir", "cookie", "src_pathname", "synthetic", "inferred", "dir_unknown"} {
		if !strings.Contains(sections["replay, watch"], "`"+key+"`") {
			t.Errorf("replay: nothing tells what %q is", key)
		}
	}
	for _, s := range diff.Asides()[len(diff.Steps()):] {
		if !strings.Contains(sections["diff"], "`"+string(s.Step)+"`") {
			t.Errorf("diff: nothing tells what is set aside by %s", s.Step)
		}
	}
}

// keys collects the keys that values of a type have as JSON. A header is described elsewhere.
func keys(of reflect.Type, found map[string]bool) map[string]bool {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return keys(of.Elem(), found)
	case reflect.Struct:
		if of == reflect.TypeFor[event.Header]() {
			return found
		}
	default:
		return found
	}
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
		case !f.IsExported() || name == "-":
			continue
		default:
			found[name] = true
		}
		keys(f.Type, found)
	}
	return found
}
