package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxPickle       = 64 << 20 // bytes of a file's pickles; a state dict of a thousand tensors takes a tenth of a megabyte
	maxCopied       = 1 << 13  // entries of dictionaries that are made of lists, which could be made of one list again and again
	maxInstructions = 1 << 21  // of one pickle; each takes at most some hundred bytes of memory
)

// The values of a pickle are nil, bool, int64, *big.Int, float64, string, and these. Nothing of a pickle is ever executed:
// what it would call is known here by name, and a description of the result stands in its place.
type (
	global   string             // a class or function, as "torch.FloatStorage"
	tuple    []any              // a tuple
	sequence struct{ of []any } // a list
	dict     struct {
		keys, values []any // in the order in which they came
		attributes   *dict // what an OrderedDict has beside its entries
	}
)

// A pickle is a machine for a part of Python's pickle language: what state dicts are written in. Its instructions build
// plain values; there is none that runs code, and none whose memory is not bounded by the length of the text.
type pickle struct {
	text       string
	at         int // in text
	stack      []any
	marks      []int // places in the stack
	memo       map[uint32]any
	persistent func(any) (any, error) // what an identifier of something outside the pickle stands for
	copied     int                    // entries of lists that dictionaries were made of
}

// load runs one pickle to its end, where at then is, and returns its value.
func (p *pickle) load() (any, error) {
	p.stack, p.marks, p.memo = nil, nil, map[uint32]any{}
	for range maxInstructions {
		at := p.at
		op, err := p.take(1)
		if err != nil {
			return nil, fmt.Errorf("pickle: %w", err)
		}
		if op == "." {
			if len(p.stack) != 1 || len(p.marks) != 0 {
				return nil, fmt.Errorf("pickle, byte %d: it ends with %d values and %d marks; it must end with one value", at, len(p.stack), len(p.marks))
			}
			return p.stack[0], nil
		}
		if err := p.step(op[0]); err != nil {
			return nil, fmt.Errorf("pickle, byte %d: %w", at, err)
		}
	}
	return nil, fmt.Errorf("pickle: more than %d instructions; a state dict needs far fewer", maxInstructions)
}

// take reads n bytes.
func (p *pickle) take(n int) (string, error) {
	if n > len(p.text)-p.at {
		return "", fmt.Errorf("it ends after %d bytes, before its end; the file is truncated", len(p.text))
	}
	p.at += n
	return p.text[p.at-n : p.at], nil
}

// number reads an unsigned number of n bytes.
func (p *pickle) number(n int) (uint64, error) {
	s, err := p.take(n)
	if err != nil {
		return 0, err
	}
	var b [8]byte
	copy(b[:], s)
	return binary.LittleEndian.Uint64(b[:]), nil
}

// counted reads a number of n bytes and then so many bytes.
func (p *pickle) counted(n int) (string, error) {
	count, err := p.number(n)
	if err != nil {
		return "", err
	}
	return p.take(int(min(count, math.MaxInt32)))
}

// line reads to the end of a line.
func (p *pickle) line() (string, error) {
	n := strings.IndexByte(p.text[p.at:], '\n')
	if n < 0 {
		return p.take(len(p.text)) // the error of a text that is cut off
	}
	line, err := p.take(n + 1)
	return strings.TrimSuffix(line, "\n"), err
}

func (p *pickle) push(v any) { p.stack = append(p.stack, v) }

// pop takes n values from the stack, above the last mark. They are there until something is pushed.
func (p *pickle) pop(n int) ([]any, error) {
	least := 0
	if len(p.marks) > 0 {
		least = p.marks[len(p.marks)-1]
	}
	from := len(p.stack) - n
	if from < least {
		return nil, fmt.Errorf("an instruction needs %d values; there are %d", n, len(p.stack)-least)
	}
	values := p.stack[from:]
	p.stack = p.stack[:from]
	return values, nil
}

// marked takes all values above the last mark from the stack, and the mark.
func (p *pickle) marked() ([]any, error) {
	if len(p.marks) == 0 {
		return nil, fmt.Errorf("an instruction needs a mark, and there is none")
	}
	last := len(p.marks) - 1
	values, err := p.pop(len(p.stack) - p.marks[last])
	p.marks = p.marks[:last]
	return values, err
}

// top is the value on top of the stack, which stays.
func (p *pickle) top() (any, error) {
	v, err := p.pop(1)
	if err != nil {
		return nil, err
	}
	p.stack = p.stack[:len(p.stack)+1]
	return v[0], nil
}

// step executes one instruction.
func (p *pickle) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		version, err := p.number(1)
		if err == nil && (version < 2 || version > 5) {
			err = fmt.Errorf("protocol %d; 2 to 5 are known", version)
		}
		return err
	case 0x95: // FRAME, whose length is of no use here
		_, err := p.take(8)
		return err
	case '(':
		p.marks = append(p.marks, len(p.stack))
	case 'N':
		p.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		p.push(op == 0x88)
	case ']':
		p.push(&sequence{})
	case '}':
		p.push(&dict{})
	case ')':
		p.push(tuple{})
	case 'K', 'M', 'J', 0x8a, 'G':
		return p.numeral(op)
	case 'X', 0x8c, 'T', 'U':
		return p.textual(op)
	case 'q', 'r', 0x94, 'h', 'j':
		return p.remember(op)
	case 'a', 'e', 's', 'u':
		return p.fill(op)
	case 't': // TUPLE
		items, err := p.marked()
		if err != nil {
			return err
		}
		p.push(tuple(slices.Clone(items)))
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		items, err := p.pop(int(op) - 0x84)
		if err != nil {
			return err
		}
		p.push(tuple(slices.Clone(items)))
	case 'c', 0x93:
		return p.name(op)
	case 'R':
		v, err := p.pop(2)
		if err != nil {
			return err
		}
		result, err := p.call(v[0], v[1])
		if err != nil {
			return err
		}
		p.push(result)
	case 'b': // BUILD: attributes
		v, err := p.pop(2)
		if err != nil {
			return err
		}
		object, ok := v[0].(*dict)
		attributes, also := v[1].(*dict)
		if !ok || !also {
			return fmt.Errorf("it changes %s by %s; only an OrderedDict gets attributes", kindOf(v[0]), kindOf(v[1]))
		}
		object.attributes = attributes
		p.push(object)
	case 'Q': // BINPERSID
		v, err := p.pop(1)
		if err != nil {
			return err
		}
		if p.persistent == nil {
			return fmt.Errorf("it refers to something outside of it")
		}
		result, err := p.persistent(v[0])
		if err != nil {
			return err
		}
		p.push(result)
	default:
		what := fmt.Sprintf("instruction %#02x", op)
		if name := foreignInstructions[op]; name != "" {
			what = "instruction " + name
		}
		return fmt.Errorf("%s is not executed here: no state dict of tensors needs it", what)
	}
	return nil
}

// foreignInstructions names those that pickle.py knows and step does not.
var foreignInstructions = map[byte]string{
	'0': "POP", '1': "POP_MARK", '2': "DUP", 'F': "FLOAT", 'I': "INT", 'L': "LONG", 'P': "PERSID", 'S': "STRING", 'V': "UNICODE",
	'd': "DICT", 'g': "GET", 'i': "INST", 'l': "LIST", 'o': "OBJ", 'p': "PUT", 'B': "BINBYTES", 'C': "SHORT_BINBYTES",
	0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4", 0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET",
	0x90: "ADDITEMS", 0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

// numeral pushes a number.
func (p *pickle) numeral(op byte) error {
	switch op {
	case 0x8a: // LONG1: two's complement, little-endian
		s, err := p.counted(1)
		if err != nil {
			return err
		}
		b := []byte(s)
		slices.Reverse(b)
		n := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		if n.IsInt64() {
			p.push(n.Int64())
		} else {
			p.push(n)
		}
	case 'G': // BINFLOAT, big-endian
		s, err := p.take(8)
		if err != nil {
			return err
		}
		p.push(math.Float64frombits(binary.BigEndian.Uint64([]byte(s))))
	default:
		n, err := p.number(map[byte]int{'K': 1, 'M': 2, 'J': 4}[op])
		if err != nil {
			return err
		}
		if op == 'J' {
			n = uint64(int64(int32(uint32(n))))
		}
		p.push(int64(n))
	}
	return nil
}

// textual pushes a string.
func (p *pickle) textual(op byte) error {
	width := 4
	if op == 0x8c || op == 'U' {
		width = 1
	}
	s, err := p.counted(width)
	if err != nil {
		return err
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("the string %q is not UTF-8", clip(s))
	}
	p.push(s)
	return nil
}

// remember keeps the top value under a number, or pushes the one that is kept under a number.
func (p *pickle) remember(op byte) error {
	n := uint64(len(p.memo)) // MEMOIZE counts
	var err error
	switch op {
	case 'q', 'h':
		n, err = p.number(1)
	case 'r', 'j':
		n, err = p.number(4)
	}
	if err != nil {
		return err
	}
	if op == 'h' || op == 'j' {
		v, ok := p.memo[uint32(n)]
		if !ok {
			return fmt.Errorf("it refers to value %d, which it never had", n)
		}
		p.push(v)
		return nil
	}
	v, err := p.top()
	if err != nil {
		return err
	}
	p.memo[uint32(n)] = v
	return nil
}

// fill adds to a list or dictionary: one thing, or all above the last mark.
func (p *pickle) fill(op byte) error {
	var values []any
	var err error
	switch op {
	case 'a':
		values, err = p.pop(1)
	case 's':
		values, err = p.pop(2)
	default:
		values, err = p.marked()
	}
	if err != nil {
		return err
	}
	v, err := p.top()
	if err != nil {
		return err
	}
	switch object := v.(type) {
	case *sequence:
		if op == 'a' || op == 'e' {
			object.of = append(object.of, values...)
			return nil
		}
	case *dict:
		if op == 's' || op == 'u' {
			return object.add(values)
		}
	}
	return fmt.Errorf("it fills %s with entries of another kind", kindOf(v))
}

// add appends keys and values, in turn.
func (d *dict) add(pairs []any) error {
	if len(pairs)%2 != 0 {
		return fmt.Errorf("a key has no value")
	}
	for i := 0; i < len(pairs); i += 2 {
		d.keys = append(d.keys, pairs[i])
		d.values = append(d.values, pairs[i+1])
	}
	return nil
}

// name pushes a global, if it is one of those that state dicts need.
func (p *pickle) name(op byte) error {
	var module, name string
	if op == 'c' {
		var err error
		if module, err = p.line(); err == nil {
			name, err = p.line()
		}
		if err != nil {
			return err
		}
	} else {
		v, err := p.pop(2)
		if err != nil {
			return err
		}
		var ok, also bool
		module, ok = v[0].(string)
		name, also = v[1].(string)
		if !ok || !also {
			return fmt.Errorf("it names %s of %s, where two strings must be", kindOf(v[1]), kindOf(v[0]))
		}
	}
	g := global(module + "." + name)
	_, isStorage := storages[g]
	_, isType := torchTypes[g]
	if !isStorage && !isType && !slices.Contains(callable, g) {
		return fmt.Errorf("it asks for %q, which no state dict of tensors needs, and which is refused; "+
			"nothing was executed. Save the state dict alone: torch.save(model.state_dict(), FILE)", clip(string(g)))
	}
	p.push(g)
	return nil
}

// What a pickle may call; see call.
const (
	orderedDict      global = "collections.OrderedDict"
	rebuildTensor    global = "torch._utils._rebuild_tensor_v2"
	rebuildUntyped   global = "torch._utils._rebuild_tensor_v3"
	rebuildParameter global = "torch._utils._rebuild_parameter"
	torchSize        global = "torch.Size"
)

var callable = []global{orderedDict, rebuildTensor, rebuildUntyped, rebuildParameter, torchSize}

// call describes what a call would return.
func (p *pickle) call(function, arguments any) (any, error) {
	f, ok := function.(global)
	args, also := arguments.(tuple)
	if !ok || !also {
		return nil, fmt.Errorf("it calls %s with %s; only known functions are called, with a tuple", kindOf(function), kindOf(arguments))
	}
	switch f {
	case orderedDict:
		d, err := newOrderedDict(args)
		if err == nil {
			if p.copied += len(d.keys); p.copied > maxCopied {
				return nil, fmt.Errorf("it makes dictionaries of more than %d entries in all out of lists; a state dict needs far fewer", maxCopied)
			}
		}
		return d, err
	case rebuildTensor, rebuildUntyped:
		return newView(f, args)
	case rebuildParameter: // tensor, requires_grad, hooks
		if len(args) == 3 {
			if v, ok := args[0].(*view); ok {
				return v, nil
			}
		}
		return nil, fmt.Errorf("%s is called with %d arguments that make no parameter", f, len(args))
	case torchSize:
		if len(args) == 1 {
			if of, ok := args[0].(tuple); ok {
				return of, nil
			}
		}
		return nil, fmt.Errorf("%s is called with %d arguments that make no size", f, len(args))
	}
	return nil, fmt.Errorf("it calls %s, which is no function", f)
}

// newOrderedDict is what OrderedDict() or OrderedDict([(key, value), …]) gives.
func newOrderedDict(args tuple) (*dict, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	list, ok := args[0].(*sequence)
	if !ok || len(args) != 1 {
		return nil, fmt.Errorf("OrderedDict is called with %d arguments, %s first; a list of pairs is expected", len(args), kindOf(args[0]))
	}
	for _, item := range list.of {
		var pair []any
		switch v := item.(type) {
		case tuple:
			pair = v
		case *sequence:
			pair = v.of
		}
		if len(pair) != 2 {
			return nil, fmt.Errorf("OrderedDict is called with a list of %s; pairs are expected", kindOf(item))
		}
		if err := d.add(pair); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// kindOf names what a value of a pickle is.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return fmt.Sprintf("the string %q", clip(v))
	case tuple:
		return "a tuple"
	case *sequence:
		return "a list"
	case *dict:
		return "a dict"
	case global:
		return string(v)
	case *storage:
		return "a storage"
	}
	return "a tensor"
}
