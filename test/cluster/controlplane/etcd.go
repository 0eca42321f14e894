package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd serves one throw-away etcd member: args are the data directory, the client host:port and
// the peer host:port. It never calls fsync, because its data dies with the test.
func runEtcd(args []string) int {
	if len(args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd DATA-DIR CLIENT-HOST:PORT PEER-HOST:PORT")
		return 2
	}
	c := embed.NewConfig()
	client := url.URL{Scheme: "http", Host: args[1]}
	peer := url.URL{Scheme: "http", Host: args[2]}
	c.Name, c.Dir, c.LogLevel, c.UnsafeNoFsync = "test", args[0], "error", true
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	server, err := embed.StartEtcd(c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
	case err := <-server.Err():
		fmt.Fprintln(os.Stderr, err)
	}
	server.Close()
	return 0
}
