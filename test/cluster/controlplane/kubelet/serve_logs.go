package kubelet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// logQuery is what `kubectl logs` can ask for.
type logQuery struct {
	follow, previous, timestamps bool
	tail, limit                  int64 // -1: all
	since                        time.Time
}

func parseLogQuery(q url.Values) (logQuery, error) {
	is := func(name string) bool { return q.Get(name) == "true" || q.Get(name) == "1" }
	query := logQuery{follow: is("follow"), previous: is("previous"),
		timestamps: is("timestamps"), tail: -1, limit: -1}
	for name, target := range map[string]*int64{"tailLines": &query.tail,
		"limitBytes": &query.limit} {
		if text := q.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return query, fmt.Errorf("%s: %w", name, err)
			}
			*target = number
		}
	}
	if text := q.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return query, fmt.Errorf("sinceSeconds: %w", err)
		}
		query.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := q.Get("sinceTime"); text != "" {
		when, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return query, fmt.Errorf("sinceTime: %w", err)
		}
		query.since = when
	}
	return query, nil
}

func (k *Kubelet) serveLogs(w http.ResponseWriter, r *http.Request) {
	p, err := k.findProcess(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	query, err := parseLogQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	start := int(p.snapshot().restarts)
	if query.previous {
		start--
	}
	var live *logFile
	if one := p.running(); one != nil && !query.previous && query.follow {
		live = one.log
	}
	file, err := os.Open(p.worker.logPath(p.spec.Name, start))
	if err != nil {
		http.Error(w, "no such log: the container has not started", http.StatusBadRequest)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	copyLog(r.Context(), w, file, live, query)
}

// copyLog sends what the file holds, then with live what comes.
func copyLog(ctx context.Context, w http.ResponseWriter, file *os.File, live *logFile,
	query logQuery) {
	controller := http.NewResponseController(w)
	send := func(line logLine) bool {
		text := line.text + "\n"
		if query.timestamps {
			text = line.raw + " " + text
		}
		if query.limit >= 0 {
			text = text[:min(int64(len(text)), query.limit)]
			query.limit -= int64(len(text))
		}
		_, err := io.WriteString(w, text)
		return err == nil && query.limit != 0
	}
	if live != nil {
		stop := context.AfterFunc(ctx, live.wakeReaders)
		defer stop()
	}
	size, part, lines := int64(0), "", []logLine{}
	reader := bufio.NewReaderSize(file, maxLogLine)
	for first := true; ctx.Err() == nil; first = false {
		for {
			text, err := reader.ReadString('\n')
			size += int64(len(text))
			if part += text; err != nil {
				break
			}
			if line, ok := parseLogLine(part[:len(part)-1]); ok && !line.when.Before(query.since) {
				lines = append(lines, line)
			}
			part = ""
		}
		if first && query.tail >= 0 {
			lines = lines[max(0, int64(len(lines))-query.tail):]
		}
		for _, line := range lines {
			if !send(line) {
				return
			}
		}
		lines = lines[:0]
		if live == nil || controller.Flush() != nil || !live.waitGrowth(ctx, size) {
			return
		}
	}
}
