package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

const (
	localhost   = "127.0.0.1"
	clusterName = "active"
	namespace   = "default"
)

// serve runs a Temporal server on an SQLite file until it is interrupted. A server that is
// killed can be started again with the same file. When a history has so many events, the
// server suggests that its workflow goes on in a new run; by default that is at 4096.
func serve(file string, port, suggestedEvents int) error {
	database := &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      file,
		ConnectAttributes: map[string]string{"mode": "rwc"},
	}
	if err := prepareDatabase(database, file); err != nil {
		return err
	}
	server, err := temporal.NewServer(
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithConfig(newServerConfig(database, port)),
		temporal.WithLogger(log.NewNoopLogger()),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(dynamicconfig.StaticClient{
			dynamicconfig.HistoryCountSuggestContinueAsNew.Key(): suggestedEvents,
		}),
	)
	if err != nil {
		return fmt.Errorf("make the server: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return server.Stop()
}

// prepareDatabase makes the tables and the namespace, unless the file is there.
func prepareDatabase(database *config.SQL, file string) error {
	_, err := os.Stat(file)
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := sqlite.SetupSchema(database); err != nil {
		return fmt.Errorf("make the tables: %w", err)
	}
	settings, err := sqlite.NewNamespaceConfig(clusterName, namespace, false, nil)
	if err != nil {
		return err
	}
	if err := sqlite.CreateNamespaces(database, settings); err != nil {
		return fmt.Errorf("make the namespace: %w", err)
	}
	return nil
}

// newServerConfig returns the configuration of a server with all services in this
// process. The frontend listens on the port, the other services on those that follow.
func newServerConfig(database *config.SQL, port int) *config.Config {
	address := net.JoinHostPort(localhost, strconv.Itoa(port))
	cfg := &config.Config{}
	cfg.Global.Membership = config.Membership{
		MaxJoinDuration:  30 * time.Second,
		BroadcastAddress: localhost,
	}
	cfg.Global.Metrics = &metrics.Config{}
	cfg.Persistence = config.Persistence{
		DefaultStore:     sqliteplugin.PluginName,
		VisibilityStore:  sqliteplugin.PluginName,
		NumHistoryShards: 1,
		DataStores: map[string]config.DataStore{
			sqliteplugin.PluginName: {SQL: database},
		},
	}
	cfg.ClusterMetadata = &cluster.Config{
		FailoverVersionIncrement: 10,
		MasterClusterName:        clusterName,
		CurrentClusterName:       clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{
			clusterName: {
				Enabled:                true,
				InitialFailoverVersion: 1,
				RPCAddress:             address,
			},
		},
	}
	cfg.DCRedirectionPolicy = config.DCRedirectionPolicy{Policy: "noop"}
	cfg.Archival.History.State = config.ArchivalDisabled
	cfg.Archival.Visibility.State = config.ArchivalDisabled
	cfg.NamespaceDefaults.Archival.History.State = config.ArchivalDisabled
	cfg.NamespaceDefaults.Archival.Visibility.State = config.ArchivalDisabled
	cfg.PublicClient = config.PublicClient{HostPort: address}
	cfg.Services = map[string]config.Service{}
	services := []primitives.ServiceName{
		primitives.FrontendService,
		primitives.HistoryService,
		primitives.MatchingService,
		primitives.WorkerService,
	}
	// Each service takes two ports: one for requests, and one for its membership.
	for i, service := range services {
		cfg.Services[string(service)] = config.Service{
			RPC: config.RPC{
				GRPCPort:        port + 2*i,
				MembershipPort:  port + 2*i + 1,
				BindOnLocalHost: true,
			},
		}
	}
	return cfg
}
