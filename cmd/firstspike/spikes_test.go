package main

import (
	"fmt"
	"strings"
	"testing"
)

// What spans accepts is what it read, and never more images than are named.
func FuzzSpans(f *testing.F) {
	for _, s := range []string{"0", "0-99", "0-99,250", "7,7", "3-3", "2147483647", "", ",", "-", "5-", "-5", "5-2", "1-2-3", "0x10", "+1", "1e3", " 1", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := spans(text)
		if err != nil {
			if list != nil {
				t.Errorf("%q: %v and %v", text, list, err)
			}
			return
		}
		items := strings.Split(text, ",")
		if len(list) != len(items) {
			t.Fatalf("%q: %d spans", text, len(list))
		}
		for i, l := range list {
			if l.first < 0 || l.last < l.first {
				t.Errorf("%q: %+v", text, l)
			}
			first, last, isSpan := strings.Cut(items[i], "-")
			if !isSpan {
				last = first
			}
			for _, side := range []struct {
				text string
				n    int
			}{{first, l.first}, {last, l.last}} {
				if digits := strings.TrimLeft(side.text, "0"); digits != strings.TrimLeft(fmt.Sprint(side.n), "0") {
					t.Errorf("%q was read as %d", side.text, side.n)
				}
			}
		}
	})
}
