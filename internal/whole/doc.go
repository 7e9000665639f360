// Package whole writes files that whoever reads sees as a whole: the old contents
// or the new ones, never a part, however the program that writes them ends.
//
// A file is first written aside, under a name that nobody reads, in the folder in
// which it is to be, for only within a file system is renaming one step. Then it
// takes its name. There are two ways to that:
//
//	Write    takes the place of what has the name
//	Create   leaves what has the name: of many that create, one does
//
// Both make the file last through a power cut before they return: first the
// contents, then the name. Where that is more than is needed, or the contents do
// not come from one function, [Begin] and [File.End] are the two halves of Write
// without it.
//
// [Read] reads what others may have put there.
//
// # What is left behind
//
// After a fault nothing is left behind, and what had the name still has it. A
// program that is killed leaves what it has written aside: a hidden file, of the
// name, a dot and digits. [HalfWritten] knows it, so that the owner of a folder can
// remove it, once nobody writes there. Names that begin with a dot are passed over
// by all that read folders in this module.
//
// # What it is not for
//
// The name takes a new file: other names of the old one, its owner and its mode
// stay with the old one, a symbolic link is replaced and not what it points to,
// and so is a device. Who wants it otherwise looks before.
package whole
