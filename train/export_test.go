package train

// What tests outside the package look at inside it.
var (
	Contents      = contents
	PrefixResults = prefixResults
)

// PrefixKey is the key under which the layers before an experiment's last one
// are cached, "" if they are not.
func PrefixKey(e Experiment, train, test DataSum) string {
	return newPrefix(e, train, test, 500, 100).key
}
