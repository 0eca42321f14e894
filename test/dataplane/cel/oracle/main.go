// Answers cases.txt with the reference implementation of the Common Expression Language. Without
// arguments it compares what is written there; with -write it writes it anew.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

const separator = "  =>  "

// The same variables as in oracle_test.cc.
var declared = []cel.EnvOption{
	cel.Variable("model", cel.StringType),
	cel.Variable("backend", cel.StringType),
	cel.Variable("input_tokens", cel.UintType),
	cel.Variable("output_tokens", cel.UintType),
	cel.Variable("total_tokens", cel.UintType),
	cel.Variable("big", cel.IntType),
	cel.Variable("ratio", cel.DoubleType),
	cel.Variable("flag", cel.BoolType),
	cel.Variable("names", cel.ListType(cel.StringType)),
	cel.Variable("scores", cel.MapType(cel.StringType, cel.IntType)),
	cel.Variable("request", cel.MapType(cel.StringType, cel.DynType)),
}

var values = map[string]any{
	"model":         "gpt-4o",
	"backend":       "default/gpt",
	"input_tokens":  uint64(9),
	"output_tokens": uint64(5),
	"total_tokens":  uint64(14),
	"big":           int64(1) << 62,
	"ratio":         1.5,
	"flag":          true,
	"names":         []string{"ann", "bob", "zoë"},
	"scores":        map[string]int64{"a": 1, "b": 2},
	"request": map[string]any{
		"path": "/v1/x",
		"n":    int64(3),
		"tags": []any{"a", int64(2), true},
		"claims": map[string]any{
			"sub":    "u1",
			"groups": []string{"dev", "ops"},
		},
	},
}

func quoted(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text)
	return strings.TrimSuffix(out.String(), "\n")
}

func text(value ref.Val) string {
	switch v := value.(type) {
	case types.Bool:
		return strconv.FormatBool(bool(v))
	case types.Int:
		return strconv.FormatInt(int64(v), 10)
	case types.Uint:
		return strconv.FormatUint(uint64(v), 10) + "u"
	case types.Double:
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	case types.String:
		return quoted(string(v))
	case types.Bytes:
		out := "b\""
		for _, b := range []byte(v) {
			out += fmt.Sprintf("\\x%02x", b)
		}
		return out + "\""
	case types.Null:
		return "null"
	case traits.Lister:
		var parts []string
		for it := v.Iterator(); it.HasNext() == types.True; {
			parts = append(parts, text(it.Next()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case traits.Mapper:
		var parts []string
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			parts = append(parts, text(key)+": "+text(v.Get(key)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprintf("?%T", value)
}

func answer(env *cel.Env, expression string) string {
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return "!refused"
	}
	program, err := env.Program(ast)
	if err != nil {
		return "!refused"
	}
	value, _, err := program.Eval(values)
	if err != nil {
		return "!error"
	}
	return text(value)
}

func main() {
	path := os.Args[len(os.Args)-1]
	write := len(os.Args) > 2 && os.Args[1] == "-write"
	env, err := cel.NewEnv(declared...)
	if err != nil {
		panic(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var out strings.Builder
	count, wrong := 0, 0
	for scanner := bufio.NewScanner(bytes.NewReader(content)); scanner.Scan(); {
		line := scanner.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			out.WriteString(line + "\n")
			continue
		}
		expression, before, _ := strings.Cut(line, separator)
		now := answer(env, expression)
		count++
		if now != before {
			wrong++
			if !write {
				fmt.Printf("%s\n  written: %s\n  answer:  %s\n", expression, before, now)
			}
		}
		out.WriteString(expression + separator + now + "\n")
	}
	if write {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%d passed, %d failed\n", count-wrong, wrong)
	if wrong > 0 && !write {
		os.Exit(1)
	}
}
