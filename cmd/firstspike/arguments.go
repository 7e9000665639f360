package main

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"firstspike/train"
)

// A checker is a command that can tell what is wrong with its arguments.
type checker interface{ faults() usageError }

// arguments parses a command line. Package kong stops at the first fault, so
// flags are looked up beforehand: all that is wrong is returned at once.
func arguments(parser *kong.Kong, args []string) (*kong.Context, error) {
	node, args, err := selected(parser.Model.Node, args)
	if err != nil {
		return nil, err
	}
	known, help, faults := recognise(node, args)
	askHelp := append(path(node), "--help")
	leaf := node.Type == kong.CommandNode && len(node.Children) == 0
	if help || node.Type == kong.CommandNode && !leaf && len(args) == 0 {
		context, err := kong.Trace(parser, askHelp)
		if err == nil {
			_, err = context.Apply()
		}
		return context, err
	}
	if !leaf {
		if len(faults) == 0 {
			faults.add("%s: %s", args[0], nameCommand(node))
		}
		return nil, faults
	}
	context, err := parser.Parse(append(path(node), known...))
	if err != nil {
		faults.add("%w; see %s", err, command(askHelp...))
		return nil, faults
	}
	if len(faults) > 0 {
		// What the command itself finds belongs to the same list.
		if c, ok := context.Selected().Target.Addr().Interface().(checker); ok {
			faults = append(faults, c.faults()...)
		}
	}
	return context, faults.err()
}

// path is how a command is named on the command line.
func path(node *kong.Node) []string {
	if node.Type != kong.CommandNode {
		return nil
	}
	return append(path(node.Parent), node.Name)
}

// nameCommand is the advice for a command line without a command, or with one
// that has commands of its own.
func nameCommand(node *kong.Node) string {
	return "name a command first; see " + command(append(path(node), "--help")...)
}

// text takes a value as it is. Package kong passes values through JSON, which
// changes the names of files that are not UTF-8.
func text(c *kong.DecodeContext, target reflect.Value) error {
	token, err := c.Scan.PopValue("string")
	if err == nil {
		target.SetString(token.String())
	}
	return err
}

// selected is the command that the arguments name, and the arguments after it.
func selected(node *kong.Node, args []string) (*kong.Node, []string, error) {
	if len(node.Children) == 0 || len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return node, args, nil
	}
	var valid []string
	for _, n := range node.Children {
		if n.Name == args[0] {
			return selected(n, args[1:])
		}
		valid = append(valid, n.Name)
	}
	var faults usageError
	faults.add("%s: there is no such command; %s", strings.Join(append(path(node), quote(args[0])), " "), train.Nearest(args[0], valid))
	return nil, nil, faults
}

// recognise returns the arguments that a command has a use for, with every
// value in one piece with its flag, and what is wrong with the others.
func recognise(node *kong.Node, args []string) (known []string, help bool, faults usageError) {
	given := map[*kong.Flag]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return append(append(known, arg), args...), help, faults
		}
		if len(arg) < 2 || arg[0] != '-' {
			known = append(known, arg)
			continue
		}
		name, value, whole := strings.Cut(arg, "=")
		flag, meant, advice := lookup(node, name)
		if flag == nil {
			faults.add("%s: there is no such flag; %s", name, advice)
		}
		wantsValue := !whole && meant != nil && !meant.IsBool()
		if wantsValue && len(args) > 0 && isValue(args[0]) {
			value, whole, args = args[0], true, args[1:]
			arg = name + "=" + value
		}
		if flag == nil {
			continue
		}
		if flag.Short != 0 && name == "-"+string(flag.Short) && !flag.IsBool() {
			arg = "--" + flag.Name + "=" + value // package kong takes the "=" of "-o=FILE" for a part of the value
		}
		switch {
		case value == "" && !flag.IsBool():
			faults.add("%s: it needs a value: %s", name, flag.Help)
		case given[flag] && !flag.IsSlice() && !flag.IsBool():
			faults.add("%s: given more than once", name)
		default:
			known = append(known, arg)
		}
		given[flag] = true
		help = help || flag.Name == "help"
	}
	return known, help, faults
}

// isValue tells values from flags: "-1" and "-" are values.
func isValue(arg string) bool {
	return len(arg) < 2 || arg[0] != '-' || arg[1] >= '0' && arg[1] <= '9'
}

// lookup finds a flag of a command by its name with dashes. If there is none
// it says which one was probably meant.
func lookup(node *kong.Node, name string) (flag, meant *kong.Flag, advice string) {
	var valid []string
	var flags []*kong.Flag
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if "--"+f.Name == name || f.Short != 0 && "-"+string(f.Short) == name {
				return f, f, ""
			}
			flags, valid = append(flags, f), append(valid, f.Name)
		}
	}
	if node.Type != kong.CommandNode || len(node.Children) > 0 {
		return nil, nil, nameCommand(node)
	}
	advice = train.Nearest(strings.TrimLeft(name, "-"), valid)
	for _, f := range flags {
		if strings.HasSuffix(advice, " "+f.Name+"?") {
			return nil, f, "did you mean --" + f.Name + "?"
		}
	}
	return nil, nil, "valid are: --" + strings.Join(valid, ", --")
}
