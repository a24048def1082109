// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The flags of every serving command. Values are kept as text: what is accepted is said in one place for flags, variables and files alike.
struct ServingOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Read routes and settings from a YAML file.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Where clients connect; may be repeated. Default :8080.", valueName: "host:port"))
    var listen: [String] = []
    @Option(help: ArgumentHelp("Where the control API listens. Default 127.0.0.1:8081.", valueName: "host:port"))
    var control: String?
    @Option(help: ArgumentHelp("The token that the control API asks for.", valueName: "token"))
    var controlToken: String?
    @Option(help: ArgumentHelp("The issuer of tokens that are signed with the control token. Default any.", valueName: "name"))
    var controlIssuer: String?
    @Option(help: ArgumentHelp("The certificate and its chain, in PEM: clients then connect by wss.", valueName: "file"))
    var tlsCertificateFile: String?
    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var tlsKeyFile: String?
    @Option(help: ArgumentHelp("The same for the control API, which then speaks https.", valueName: "file"))
    var controlTlsCertificateFile: String?
    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var controlTlsKeyFile: String?
    @Option(help: ArgumentHelp("The control API asks its clients for a certificate of this authority.", valueName: "file"))
    var controlTlsClientCaFile: String?
    @Option(
        help: ArgumentHelp(
            "What carries messages between nodes: nats://host, redis://host, or memory for a node alone; may be repeated. Default memory.",
            valueName: "url"))
    var broker: [String] = []
    @Option(
        help: ArgumentHelp(
            "This node's name, the first part of its connections' ids. Default n1; in a cluster the host's name and random letters.",
            valueName: "name"))
    var node: String?
    @Option(help: ArgumentHelp("Nodes of one name find one another at a broker. Default holdfast.", valueName: "name"))
    var clusterName: String?
    @Option(help: ArgumentHelp("A node that is not heard of for so long is lost. Default 10s.", valueName: "time"))
    var clusterLease: String?
    @Option(help: ArgumentHelp("Stay subscribed to a channel that nobody is on any more, or off. Default 2s.", valueName: "time"))
    var clusterLinger: String?
    @Option(help: ArgumentHelp("Bytes that wait for the broker; the oldest are dropped beyond it. Default 16MiB.", valueName: "size"))
    var clusterQueueBytes: String?
    @Option(help: ArgumentHelp("Who tells the app of the end of a lost node's connections: survivor or none. Default survivor.", valueName: "who"))
    var clusterClosingEvents: String?
    @Option(help: ArgumentHelp("Say ready while the broker is away: true or false. Default true.", valueName: "bool"))
    var clusterReadyWithoutBroker: String?
    @Option(help: ArgumentHelp("NATS: a file of credentials (user JWT and seed).", valueName: "file"))
    var clusterCredentialsFile: String?
    @Option(help: ArgumentHelp("Check the broker's certificate against those in this PEM file.", valueName: "file"))
    var clusterCaFile: String?
    @Option(help: ArgumentHelp("This node's own certificate, for brokers that ask for one.", valueName: "file"))
    var clusterCertificateFile: String?
    @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var clusterKeyFile: String?
    @Option(help: ArgumentHelp("Event loops. Default one per core.", valueName: "n"))
    var threads: String?
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("auto (text on a terminal), json or text.", valueName: "format"))
    var logFormat: String?
    @Option(help: ArgumentHelp("Colours in text logs: auto, always or never.", valueName: "when"))
    var logColor: String?

    @Option(help: ArgumentHelp("The convention that the app speaks: json, wsaas, grip, slip, wsify or unsocket.", valueName: "name"))
    var dialect: String?
    @Option(help: ArgumentHelp("Sign webhooks with this secret; twice while one replaces the other.", valueName: "whsec_…"))
    var secret: [String] = []
    @Option(help: ArgumentHelp("Let only pages of this origin connect; may be repeated.", valueName: "origin"))
    var origin: [String] = []

    @Option(help: ArgumentHelp("Connections on this node. Default from ulimit -n.", valueName: "n"))
    var maxConnections: String?
    @Option(help: ArgumentHelp("Connections of one source address; the rest get 429. Default off.", valueName: "n"))
    var maxConnectionsPerAddress: String?
    @Option(help: ArgumentHelp("Connects of one source address, such as 30/1m; the rest get 429. Default off.", valueName: "n/time"))
    var connectRatePerAddress: String?
    @Option(help: ArgumentHelp("Longest message from a client. Default 1MiB.", valueName: "size"))
    var maxMessageBytes: String?
    @Option(help: ArgumentHelp("Longest answer of the app. Default four times the message.", valueName: "size"))
    var maxAnswerBytes: String?
    @Option(help: ArgumentHelp("Longest head of an opening request. Default 16KiB.", valueName: "size"))
    var maxHeadBytes: String?
    @Option(help: ArgumentHelp("Channels per connection. Default 128.", valueName: "n"))
    var maxChannels: String?
    @Option(help: ArgumentHelp("State per connection. Default 4KiB.", valueName: "size"))
    var maxStateBytes: String?
    @Option(help: ArgumentHelp("Time for the opening request. Default 10s.", valueName: "time"))
    var handshakeTimeout: String?
    @Option(help: ArgumentHelp("Ping a client silent for this long, or off. Default 25s.", valueName: "time"))
    var pingInterval: String?
    @Option(help: ArgumentHelp("Give a client up that leaves a ping unanswered. Default 20s.", valueName: "time"))
    var pongTimeout: String?
    @Option(help: ArgumentHelp("Answer the pings of clients: true or false. Default true.", valueName: "bool"))
    var autoPong: String?
    @Option(help: ArgumentHelp("Close a connection without messages. Default off.", valueName: "time"))
    var idleTimeout: String?
    @Option(help: ArgumentHelp("Close a connection of this age. Default off.", valueName: "time"))
    var maxLifetime: String?
    @Option(help: ArgumentHelp("Events that wait for the app before the socket is left unread. Default 64.", valueName: "n"))
    var queueEvents: String?
    @Option(help: ArgumentHelp("The same in bytes. Default 1MiB.", valueName: "size"))
    var queueBytes: String?
    @Option(help: ArgumentHelp("Bytes that wait for a slow client. Default 1MiB.", valueName: "size"))
    var sendQueueBytes: String?
    @Option(help: ArgumentHelp("At that bound: close, dropOldest or dropNewest. Default close.", valueName: "policy"))
    var slowReader: String?
    @Option(help: ArgumentHelp("Compress messages for clients that offer it (permessage-deflate): true or false. Default true.", valueName: "bool"))
    var compression: String?
    @Option(help: ArgumentHelp("Shorter messages go out uncompressed. Default 256.", valueName: "size"))
    var compressionThreshold: String?
    @Option(help: ArgumentHelp("1 (fastest) to 9 (smallest). Default 1.", valueName: "n"))
    var compressionLevel: String?
    @Option(help: ArgumentHelp("Remember earlier messages, for some 40 KB per connection: true or false. Default false.", valueName: "bool"))
    var compressionContextTakeover: String?
    @Option(help: ArgumentHelp("How far back to look, as a power of two: 9 to 15. Default 12.", valueName: "n"))
    var compressionWindowBits: String?
    @Option(help: ArgumentHelp("Time for one attempt of a webhook. Default 10s.", valueName: "time"))
    var webhookTimeout: String?
    @Option(help: ArgumentHelp("Attempts after the first, or unlimited. Default 2.", valueName: "n"))
    var webhookRetries: String?
    @Option(help: ArgumentHelp("When a message's webhook fails: close (1011) or drop. Default close.", valueName: "policy"))
    var webhookOnFailure: String?
    @Option(help: ArgumentHelp("Webhooks in flight per route. Default 256.", valueName: "n"))
    var webhookConcurrency: String?
    @Option(help: ArgumentHelp("Clients that may wait for a free webhook; the rest get 503. Default 1024.", valueName: "n"))
    var webhookQueue: String?
    @Option(help: ArgumentHelp("How long a closing event is retried. Default 60s.", valueName: "time"))
    var webhookCloseBudget: String?
    @Option(help: ArgumentHelp("Check https targets against the certificates in this PEM file.", valueName: "file"))
    var webhookCaFile: String?
    @Option(help: ArgumentHelp("grip: sign requests to the app (Grip-Sig) with this key: text, base64:… or file:….", valueName: "key"))
    var sigKey: String?
    @Option(help: ArgumentHelp("grip: who signs them. Default pushpin.", valueName: "name"))
    var sigIss: String?
    @Option(help: ArgumentHelp("grip: trust requests that a proxy has signed with this key.", valueName: "key"))
    var upstreamKey: String?
    @Option(help: ArgumentHelp("slip: sign tokens both ways with this secret.", valueName: "secret"))
    var jwtSecret: String?
    @Option(help: ArgumentHelp("Hosts that an app may have dialled, such as *.example.com; may be repeated. Default any.", valueName: "host"))
    var dialAllow: [String] = []
    @Option(help: ArgumentHelp("Refuse to dial loopback, link-local and private addresses: true or false. Default true.", valueName: "bool"))
    var dialDenyPrivate: String?
    @Option(help: ArgumentHelp("Time until a remote has answered. Default 10s.", valueName: "time"))
    var dialTimeout: String?
    @Option(help: ArgumentHelp("Check wss remotes against the certificates in this PEM file.", valueName: "file"))
    var dialCaFile: String?
    @Option(help: ArgumentHelp("Dial through the proxies of the environment (https_proxy …): true or false. Default true.", valueName: "bool"))
    var dialProxies: String?
    @Option(help: ArgumentHelp("Wait this long before a remote is dialled again, then twice as long each time. Default 1s.", valueName: "time"))
    var dialReconnectFirstDelay: String?
    @Option(help: ArgumentHelp("But no longer than this. Default 60s.", valueName: "time"))
    var dialReconnectMaxDelay: String?
    @Option(help: ArgumentHelp("Give a remote up after so many failures in a row, or off. Default off.", valueName: "n"))
    var dialReconnectMaxFailures: String?
    @Option(help: ArgumentHelp("How long a shutdown may take. Default 30s.", valueName: "time"))
    var drainDeadline: String?
    @Option(help: ArgumentHelp("Over how long clients are closed at shutdown. Default 2s.", valueName: "time"))
    var drainSpread: String?

    /// The flags that were given, by name.
    var given: [String: [String]] {
        let single: [(String, String?)] = [
            ("control", control), ("control-token", controlToken), ("control-issuer", controlIssuer), ("auto-pong", autoPong), ("sig-key", sigKey),
            ("sig-iss", sigIss), ("upstream-key", upstreamKey), ("jwt-secret", jwtSecret), ("node", node), ("threads", threads),
            ("log-level", logLevel),
            ("cluster-name", clusterName), ("cluster-lease", clusterLease), ("cluster-linger", clusterLinger),
            ("cluster-queue-bytes", clusterQueueBytes), ("cluster-closing-events", clusterClosingEvents),
            ("cluster-ready-without-broker", clusterReadyWithoutBroker), ("cluster-credentials-file", clusterCredentialsFile),
            ("cluster-ca-file", clusterCaFile), ("cluster-certificate-file", clusterCertificateFile), ("cluster-key-file", clusterKeyFile),
            ("log-format", logFormat), ("log-color", logColor), ("dialect", dialect), ("max-connections", maxConnections),
            ("max-message-bytes", maxMessageBytes), ("max-answer-bytes", maxAnswerBytes), ("max-head-bytes", maxHeadBytes),
            ("max-channels", maxChannels), ("max-state-bytes", maxStateBytes), ("handshake-timeout", handshakeTimeout),
            ("ping-interval", pingInterval), ("pong-timeout", pongTimeout), ("idle-timeout", idleTimeout), ("max-lifetime", maxLifetime),
            ("queue-events", queueEvents), ("queue-bytes", queueBytes), ("send-queue-bytes", sendQueueBytes), ("slow-reader", slowReader),
            ("webhook-timeout", webhookTimeout), ("webhook-retries", webhookRetries), ("webhook-on-failure", webhookOnFailure),
            ("webhook-concurrency", webhookConcurrency), ("webhook-queue", webhookQueue), ("webhook-close-budget", webhookCloseBudget),
            ("webhook-ca-file", webhookCaFile), ("tls-certificate-file", tlsCertificateFile), ("tls-key-file", tlsKeyFile),
            ("control-tls-certificate-file", controlTlsCertificateFile), ("control-tls-key-file", controlTlsKeyFile),
            ("control-tls-client-ca-file", controlTlsClientCaFile), ("max-connections-per-address", maxConnectionsPerAddress),
            ("connect-rate-per-address", connectRatePerAddress), ("compression", compression), ("compression-threshold", compressionThreshold),
            ("compression-level", compressionLevel), ("compression-context-takeover", compressionContextTakeover),
            ("compression-window-bits", compressionWindowBits),
            ("dial-deny-private", dialDenyPrivate), ("dial-timeout", dialTimeout), ("dial-ca-file", dialCaFile), ("dial-proxies", dialProxies),
            ("dial-reconnect-first-delay", dialReconnectFirstDelay), ("dial-reconnect-max-delay", dialReconnectMaxDelay),
            ("dial-reconnect-max-failures", dialReconnectMaxFailures),
            ("drain-deadline", drainDeadline), ("drain-spread", drainSpread),
        ]
        var given = ["listen": listen, "broker": broker, "secret": secret, "origin": origin, "dial-allow": dialAllow].filter { !$0.value.isEmpty }
        for (name, value) in single { if let value { given[name] = [value] } }
        return given
    }
}
