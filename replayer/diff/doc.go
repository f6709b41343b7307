// Package diff compares two recordings: what is the same, what differs because the
// platforms do, and what differs and nobody knows why.
package diff
