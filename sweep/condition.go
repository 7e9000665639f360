package sweep

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"

	"firstspike/train"
)

// A scope is what an expression can name: the settings of an experiment by
// their paths, as numbers, words, true and false.
type scope struct {
	types  types.Map
	values map[string]any
}

// newScope leaves out what a training sets when the point is known: the seed, and
// the epochs that are a rung's, whose path is rung.
func newScope(e *train.Experiment, rung string) scope {
	s := scope{types.Map{}, map[string]any{}}
	for path, text := range e.Settings() {
		if path != "seed" && path != rung {
			s.put(strings.Split(path, "."), text)
		}
	}
	return s
}

func (s scope) put(path []string, text string) {
	if len(path) > 1 {
		t, ok := s.types[path[0]].(types.Map)
		if !ok {
			t = types.Map{}
			s.types[path[0]], s.values[path[0]] = t, map[string]any{}
		}
		scope{t, s.values[path[0]].(map[string]any)}.put(path[1:], text)
		return
	}
	if v, err := strconv.Atoi(text); err == nil {
		s.types[path[0]], s.values[path[0]] = types.Int, v
	} else if v, err := strconv.ParseFloat(text, 64); err == nil {
		s.types[path[0]], s.values[path[0]] = types.Float, v
	} else if v, err := strconv.ParseBool(text); err == nil {
		s.types[path[0]], s.values[path[0]] = types.Bool, v
	} else {
		s.types[path[0]], s.values[path[0]] = types.String, text
	}
}

// holds says whether a condition, such as "layers.s2.threshold < 10", holds for
// an experiment.
func (p *Plan) holds(condition string, e *train.Experiment) (bool, error) {
	v, err := p.evaluate(condition, e, expr.AsBool())
	if err != nil {
		return false, err
	}
	return v.(bool), nil
}

// value is what an expression, such as "-0.75 * layers.s2.learn.a_plus", gives
// for an experiment, as a setting takes it.
func (p *Plan) value(expression string, e *train.Experiment) (string, error) {
	v, err := p.evaluate(expression, e)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'g', exact, 64), nil
	case bool, string:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("%q gives %v, which is no number, word, true or false", expression, v)
}

func (p *Plan) evaluate(expression string, e *train.Experiment, options ...expr.Option) (any, error) {
	rung := ""
	if p.Sweep.Search.Kind == Halving {
		rung = p.lastEpochs()
	}
	s := newScope(e, rung)
	options = append(options, expr.Env(s.types))
	for _, name := range []string{"now", "date", "timezone"} { // a setting that hangs on the day is another one tomorrow
		options = append(options, expr.DisableBuiltin(name))
	}
	program, err := expr.Compile(expression, options...)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "unknown name seed ("):
		return nil, fmt.Errorf("%q: a point has the same settings for all of its seeds, so that nothing can follow from the seed", expression)
	case rung != "" && strings.Contains(expression, rung):
		return nil, fmt.Errorf("%q: a point has the same settings in all rungs, so that nothing can follow from %s", expression, rung)
	default:
		return nil, wrongExpression(expression, err)
	}
	v, err := expr.Run(program, s.values)
	if err != nil {
		return nil, wrongExpression(expression, err)
	}
	return v, nil
}

// wrongExpression is a fault of an expression in one line.
func wrongExpression(expression string, err error) error {
	problem, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%q: %s", expression, problem)
}
