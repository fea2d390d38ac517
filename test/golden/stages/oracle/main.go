// Reads questions, one JSON object a line on standard input, and prints what Go and the libraries that Promtail uses make of each:
//
//	{"kind": "time", "layout", "location", "text", "now": seconds}  {"ns": text} the time, by Promtail's rule for layouts without a year
//	{"kind": "template", "template", "values": {name: text}}        {"text": text} with sprig's functions and Promtail's
//	{"kind": "logfmt", "text"}                                      {"pairs": [[key, value]…], "whole": all of it was logfmt}
//	{"kind": "jmespath", "expression", "json": text}                {"json": text}
//
// An answer of {"error": text} is a refusal; its text is for readers, not for comparing.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
	_ "time/tzdata"

	"github.com/Masterminds/sprig/v3"
	"github.com/go-logfmt/logfmt"
	"github.com/jmespath/go-jmespath"
)

type question struct {
	Kind       string            `json:"kind"`
	Layout     string            `json:"layout"`
	Location   string            `json:"location"`
	Text       string            `json:"text"`
	Now        int64             `json:"now"`
	Template   string            `json:"template"`
	Values     map[string]string `json:"values"`
	Expression string            `json:"expression"`
	JSON       string            `json:"json"`
}

type answer struct {
	Ns    string      `json:"ns,omitempty"`
	Text  *string     `json:"text,omitempty"`
	Pairs [][2]string `json:"pairs,omitempty"`
	Whole *bool       `json:"whole,omitempty"`
	JSON  string      `json:"json,omitempty"`
	Error string      `json:"error,omitempty"`
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	write.SetEscapeHTML(false)
	for {
		var asked question
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			panic(err)
		}
		given, err := ask(asked)
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := write.Encode(given); err != nil {
			panic(err)
		}
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
}

func ask(q question) (answer, error) {
	switch q.Kind {
	case "time":
		return askTime(q)
	case "template":
		return askTemplate(q)
	case "logfmt":
		return askLogfmt(q.Text)
	case "jmespath":
		return askJMESPath(q)
	}
	return answer{}, errors.New("unknown kind " + q.Kind)
}

func askTime(q question) (answer, error) {
	location := time.UTC
	if q.Location != "" {
		found, err := time.LoadLocation(q.Location)
		if err != nil {
			return answer{}, err
		}
		location = found
	}
	parsed, err := time.ParseInLocation(q.Layout, q.Text, location)
	if err != nil {
		return answer{}, err
	}
	if !strings.Contains(q.Layout, "06") {
		now := time.Unix(q.Now, 0).UTC()
		year := now.Year()
		if parsed.Month() == time.December && now.Month() == time.January {
			year--
		} else if parsed.Month() == time.January && now.Month() == time.December {
			year++
		}
		parsed = parsed.AddDate(year, 0, 0)
	}
	seconds := strconv.FormatInt(parsed.Unix(), 10)
	return answer{Ns: seconds + "." + strconv.Itoa(1_000_000_000 + parsed.Nanosecond())[1:]}, nil
}

func askTemplate(q question) (answer, error) {
	functions := sprig.TxtFuncMap()
	for name, function := range promtailFunctions {
		functions[name] = function
	}
	parsed, err := template.New("t").Funcs(functions).Parse(q.Template)
	if err != nil {
		return answer{}, err
	}
	values := map[string]any{}
	for name, value := range q.Values {
		values[name] = value
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, values); err != nil {
		return answer{}, err
	}
	text := out.String()
	return answer{Text: &text}, nil
}

// What Promtail's template stage offers beside sprig.
var promtailFunctions = template.FuncMap{
	"ToLower": strings.ToLower, "ToUpper": strings.ToUpper, "Replace": strings.Replace, "Trim": strings.Trim,
	"TrimLeft": strings.TrimLeft, "TrimRight": strings.TrimRight, "TrimPrefix": strings.TrimPrefix,
	"TrimSuffix": strings.TrimSuffix, "TrimSpace": strings.TrimSpace,
	"Hash": func(salt, text string) string {
		sum := sha3.Sum256([]byte(salt + text))
		return hex.EncodeToString(sum[:])
	},
	"Sha2Hash": func(salt, text string) string {
		sum := sha256.Sum256([]byte(salt + text))
		return hex.EncodeToString(sum[:])
	},
	"regexReplaceAll": func(pattern, text, to string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, to) },
	"regexReplaceAllLiteral": func(pattern, text, to string) string {
		return regexp.MustCompile(pattern).ReplaceAllLiteralString(text, to)
	},
}

func askLogfmt(text string) (answer, error) {
	decoder := logfmt.NewDecoder(strings.NewReader(text))
	given := answer{}
	for decoder.ScanRecord() {
		for decoder.ScanKeyval() {
			given.Pairs = append(given.Pairs, [2]string{string(decoder.Key()), string(decoder.Value())})
		}
	}
	whole := decoder.Err() == nil
	given.Whole = &whole
	return given, nil
}

func askJMESPath(q question) (answer, error) {
	compiled, err := jmespath.Compile(q.Expression)
	if err != nil {
		return answer{}, err
	}
	var value any
	if err := json.Unmarshal([]byte(q.JSON), &value); err != nil {
		return answer{}, err
	}
	found, err := compiled.Search(value)
	if err != nil {
		return answer{}, err
	}
	text, err := json.Marshal(found)
	return answer{JSON: string(text)}, err
}
