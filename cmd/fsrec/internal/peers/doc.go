// Package peers holds fsrec against the watchers that people use today:
// pyinotify, inotifywait, and what a program knows that made the changes
// itself. It consists of tests.
package peers
