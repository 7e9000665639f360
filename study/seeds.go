package study

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxSeeds is how many seeds a list may have.
const MaxSeeds = 1000

// ParseSeeds reads how many seeds there are, from 1 on ("10"), or which: "4-13",
// "7,8,9", or several such.
func ParseSeeds(text string) ([]uint64, error) {
	bad := fmt.Errorf("%s: write how many, such as 10, or which, such as 4-13 or 7,8,9; at most 1,000", text)
	ranges := text
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		if n < 1 || n > MaxSeeds {
			return nil, bad
		}
		ranges = fmt.Sprintf("1-%d", n)
	}
	var list []uint64
	for part := range strings.SplitSeq(ranges, ",") {
		low, high, ranged := strings.Cut(part, "-")
		if !ranged {
			high = low
		}
		from, err1 := strconv.ParseUint(strings.TrimSpace(low), 10, 63)
		to, err2 := strconv.ParseUint(strings.TrimSpace(high), 10, 63)
		if err1 != nil || err2 != nil || from > to || to-from >= MaxSeeds || len(list) > MaxSeeds {
			return nil, bad
		}
		for n := from; n <= to; n++ {
			if slices.Contains(list, n) {
				return nil, fmt.Errorf("%s: %d is named twice", text, n)
			}
			list = append(list, n)
		}
	}
	if len(list) > MaxSeeds {
		return nil, bad
	}
	return list, nil
}
