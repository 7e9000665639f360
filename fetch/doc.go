// Package fetch brings files that are known beforehand, by size and checksum, from mirrors onto this machine.
//
// A [File] says what is wanted and where it may be had. [Get] asks its addresses one after the other until the file is there,
// whole and right:
//
//	err := fetch.Get(ctx, "data/fashion-mnist", fetch.File{
//		Name:   "t10k-labels-idx1-ubyte.gz",
//		Bytes:  5148,
//		SHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
//		URLs:   []string{"https://…", "https://…"},
//	}, fetch.Options{})
//
// # What can go wrong
//
// Networks break off in the middle. What has arrived lies in a file of the name with .part behind it, and the next attempt,
// in this call or a later one, asks for the rest only. A server that knows nothing of parts sends the whole file, and is
// taken at that.
//
// Servers are gone, or answer with a page that says so, or with a page that wants a password for the wireless network. An
// answer of another length than the file's is not read; one without a length is read as far as the file is long. So a
// server cannot fill the disk.
//
// What has arrived is believed only when its SHA-256 is right, which is why plain HTTP will do. If it is wrong, what came is
// thrown away, and the next mirror is asked. Only then the file gets its name, in one step: under that name there is never
// half a file. A file that is there already and right is left alone, and nobody is asked.
//
// When everything has failed, the error says of every address what it answered. If none could be reached at all, it is
// [ErrOffline].
package fetch
