package sweep

import "math"

// Foreign makes this process one of a machine that tells nothing of its
// processes, as those of other machines are.
func Foreign() { machine = func() string { return "" } }

// Undying lets jobs be taken up however often their processes were killed.
func Undying() { mostDeaths = math.MaxInt }

// Self is this process as the holder of a claim.
func Self() Holder { return self() }
