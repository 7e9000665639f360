package train

// What tests outside the package look at inside it.
var (
	Contents      = contents
	PrefixResults = prefixResults
)
