package tensorfile

import (
	"fmt"
	"strconv"
	"strings"
)

// npyHeader is what an npy file says about its array.
type npyHeader struct {
	descr   string
	fortran bool
	shape   []int
}

// parseNPYHeader parses the header's text, a Python dictionary such as {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
// with exactly these keys in any order. Only the literals that NumPy writes there are understood.
func parseNPYHeader(text string) (npyHeader, error) {
	var h npyHeader
	p := literal{text: text}
	seen := map[string]bool{}
	err := p.expect('{')
	for err == nil && !p.accept('}') {
		var key string
		if key, err = p.quoted(); err != nil {
			break
		}
		if seen[key] {
			return h, fmt.Errorf("the header has the key %q twice", clip(key))
		}
		seen[key] = true
		if err = p.expect(':'); err != nil {
			break
		}
		switch key {
		case "descr":
			if p.peek() == '[' || p.peek() == '(' {
				return h, fmt.Errorf("the array holds records (descr %q), not plain numbers; save its fields one by one", clip(text[p.at:]))
			}
			h.descr, err = p.quoted()
		case "fortran_order":
			h.fortran, err = p.boolean()
		case "shape":
			h.shape, err = p.tuple()
		default:
			return h, fmt.Errorf("the header has an unknown key %q; known are descr, fortran_order and shape", clip(key))
		}
		if err == nil && !p.accept(',') && p.peek() != '}' {
			err = p.expect('}')
		}
	}
	if err == nil && p.peek() != 0 {
		err = fmt.Errorf("text follows the dictionary")
	}
	if err != nil {
		return h, fmt.Errorf("the header is malformed at byte %d of %q: %w", p.at, strings.TrimRight(text, " \n"), err)
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("the header lacks the key %q", key)
		}
	}
	return h, nil
}

// literal reads Python literals from text, from at on.
type literal struct {
	text string
	at   int
}

// peek returns the next byte after white space, 0 at the end.
func (p *literal) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// accept steps over c if it comes next.
func (p *literal) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *literal) expect(c byte) error {
	if !p.accept(c) {
		return fmt.Errorf("%q expected", c)
	}
	return nil
}

// quoted reads a string without escapes.
func (p *literal) quoted() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", fmt.Errorf("a quoted string expected")
	}
	content, _, ok := strings.Cut(p.text[p.at+1:], string(quote))
	if !ok {
		return "", fmt.Errorf("the string has no end")
	}
	if strings.Contains(content, `\`) {
		return "", fmt.Errorf("the string has an escape; none is known")
	}
	p.at += len(content) + 2
	return content, nil
}

func (p *literal) boolean() (bool, error) {
	p.peek()
	for word, value := range map[string]bool{"True": true, "False": false} {
		if strings.HasPrefix(p.text[p.at:], word) {
			p.at += len(word)
			return value, nil
		}
	}
	return false, fmt.Errorf("True or False expected")
}

// tuple reads a tuple of integers.
func (p *literal) tuple() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	shape := []int{}
	comma := true // a size may come only first or after a comma
	for !p.accept(')') {
		if !comma {
			return nil, fmt.Errorf("a comma or the end of the tuple expected")
		}
		size, err := p.integer()
		if err != nil {
			return nil, err
		}
		shape = append(shape, size)
		comma = p.accept(',')
	}
	if len(shape) == 1 && !comma {
		return nil, fmt.Errorf("a tuple of one needs a comma")
	}
	return shape, nil
}

func (p *literal) integer() (int, error) {
	p.peek()
	end := p.at
	for end < len(p.text) && (p.text[end] >= '0' && p.text[end] <= '9' || end == p.at && p.text[end] == '-') {
		end++
	}
	n, err := strconv.Atoi(p.text[p.at:end])
	if err != nil {
		return 0, fmt.Errorf("an integer expected: %w", err)
	}
	p.at = end
	if p.at < len(p.text) && p.text[p.at] == 'L' {
		p.at++ // Python 2 wrote long integers so
	}
	return n, nil
}
