package sweep

// Foreign makes this process one of a machine that tells nothing of its
// processes, as those of other machines are.
func Foreign() { machine = func() string { return "" } }
