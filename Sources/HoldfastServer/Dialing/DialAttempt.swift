// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One try to reach a remote: look-up, socket, proxy, TLS, handshake. On its connection's event loop.
final class DialAttempt {
    /// What a remote that accepted has said.
    struct Acceptance {
        let channel: any Channel
        let chosen: String?
        let compression: DeflateAgreement?
        let headers: [OpeningRequest.Field]
    }

    private let request: DialRequest
    private let settings: DialSettings
    private let shard: HubShard
    private let shared: SharedRoute
    private let wish: DeflateAgreement.Wish?
    private let key: String
    private var connection: Connection?
    private var channel: (any Channel)?
    private var limit: Scheduled<Void>?
    private var isOver = false
    private let proxy: DialProxy?
    private let ended: (Result<Acceptance, DialError>) -> Void

    /// - Parameters:
    ///   - connection: takes the channel.
    ///   - ended: called once, unless it is cancelled; at success before the channel is the connection's.
    init(_ request: DialRequest, for connection: Connection, proxy: DialProxy?, ended: @escaping (Result<Acceptance, DialError>) -> Void) {
        self.request = request
        self.connection = connection
        self.proxy = proxy
        self.ended = ended
        let route = connection.route
        settings = route.configuration.dial
        shared = route.shared
        shard = connection.shard
        let compression = route.configuration.compression
        wish = compression.isEnabled ? compression.wish : nil
        var bytes = [UInt8](repeating: 0, count: 16)
        for place in bytes.indices { bytes[place] = UInt8.random(in: .min ... .max, using: &shard.random) }
        key = Base64.encode(bytes)
    }

    func start() {
        let timeout = settings.timeout
        limit = shard.loop.assumeIsolated().scheduleTask(in: .nanoseconds(timeout.inNanoseconds)) {
            self.finish(.failure(DialError("no answer within \(timeout.inSeconds) s (dial.timeout)")))
        }
        let url = request.url
        let judge = AddressGuard(settings: settings)
        // Here too: not every way to here has asked before.
        if case .refused(let why) = judge.judge(host: url.host) { return finish(.failure(DialError(why))) }
        let resolver = GuardedResolver(host: url.host, port: url.port, judge: judge, on: shard.loop)
        guard let proxy else { return connect(to: url.host, url.port, resolver) }
        // The proxy looks the name up again, and takes the address that it likes: none of those that this node knows may be one that is refused.
        // What this node does not know is the proxy's business.
        resolver.allAreAllowed.assumeIsolated().whenComplete { outcome in
            if case .failure(let error as DialError) = outcome { return self.finish(.failure(error)) }
            self.connect(to: proxy.host, proxy.port, nil)
        }
    }

    /// Gives up, without a word.
    func cancel() {
        guard !isOver else { return }
        over()
        channel?.close(promise: nil)
    }

    // MARK: Inside

    private func connect(to host: String, _ port: Int, _ resolver: GuardedResolver?) {
        guard !isOver else { return }
        let bound = NIOLoopBound(self, eventLoop: shard.loop)
        ClientBootstrap(group: shard.loop)
            .resolver(resolver)
            .connectTimeout(.nanoseconds(settings.timeout.inNanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 32 << 10))
            .channelOption(.recvAllocator, value: ReadSize())
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): bound.value.connected(channel)
                case .failure(let error): bound.value.fail(error)
                }
            }
    }

    private func connected(_ channel: any Channel) {
        guard !isOver else { return channel.close(promise: nil) }
        self.channel = channel
        guard let proxy else { return open(channel) }
        let done = shard.loop.makePromise(of: Void.self)
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes))
        var headers = HTTPHeaders()
        if let authorization = proxy.authorization { headers.add(name: "proxy-authorization", value: authorization) }
        let tunnel = NIOHTTP1ProxyConnectHandler(
            targetHost: request.url.host.contains(":") ? "[\(request.url.host)]" : request.url.host, targetPort: request.url.port, headers: headers,
            deadline: .now() + .nanoseconds(settings.timeout.inNanoseconds), promise: done)
        let bound = NIOLoopBound((self, encoder, decoder), eventLoop: shard.loop)
        do {
            try channel.pipeline.syncOperations.addHandlers(encoder, decoder, tunnel)
        } catch {
            return fail(error)
        }
        done.futureResult.assumeIsolated().whenComplete { result in
            let (attempt, encoder, decoder) = bound.value
            switch result {
            case .success:
                channel.pipeline.syncOperations.removeHandler(encoder).flatMap { channel.pipeline.syncOperations.removeHandler(decoder) }
                    .assumeIsolated().whenComplete { _ in attempt.open(channel) }
            case .failure(let error): attempt.fail(error)
            }
        }
    }

    /// The socket, or the proxy's tunnel, stands.
    private func open(_ channel: any Channel) {
        guard !isOver else { return }
        let pipeline = channel.pipeline.syncOperations
        do {
            let request = try handshake
            if self.request.url.isTLS {
                let name = HostPort.isAddress(self.request.url.host) ? nil : self.request.url.host
                try pipeline.addHandler(NIOSSLClientHandler(context: try shared.dialTLS(), serverHostname: name))
            }
            let opening = ClientOpeningHandler(
                request: request, answered: { [self] head, context in answered(head, context) }, failed: { [self] in fail($0) })
            try pipeline.addHandler(opening)
        } catch {
            fail(error)
        }
    }

    private var handshake: ByteBuffer {
        get throws(ClientHandshakeError) {
            var headers = request.headers.map { (name: $0.name, value: $0.value) }
            if !headers.contains(where: { $0.name == "user-agent" }) { headers.append(("user-agent", "holdfast/\(Version.number)")) }
            return try ClientHandshake.request(
                target: request.url.target, authority: request.url.authority, key: key, protocols: request.protocols,
                extensions: wish.map { DeflateAgreement.offer(wish: $0) }, headers: headers)
        }
    }

    private func answered(_ head: HoldfastWire.HTTPResponseHead, _ context: ChannelHandlerContext) {
        guard !isOver, let connection else { return }
        var headers: [OpeningRequest.Field] = []
        head.forEach { headers.append(OpeningRequest.Field(name: $0.lowercased(), value: $1)) }
        let agreed: ClientHandshake.Agreed
        do throws(ClientHandshakeError) {
            let accept = Handshake.accept(for: key)
            agreed = try ClientHandshake.judge(
                status: head.status, expectedAccept: accept, offeredProtocols: request.protocols, offeredDeflate: wish
            ) { name in headers.filter { $0.name == name }.map(\.value) }
        } catch {
            return fail(error)
        }
        let channel = context.channel
        do {
            try channel.pipeline.syncOperations.addHandler(connection)
        } catch {
            return fail(error)
        }
        let ended = ended
        over()
        ended(.success(Acceptance(channel: channel, chosen: agreed.subprotocol, compression: agreed.deflate, headers: headers)))
        // It leaves now that the connection is open, and hands on what the remote has sent behind its answer.
        channel.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        channel.read()
    }

    private func fail(_ error: any Error) {
        finish(.failure(DialError(error, timeout: settings.timeout, proxy: proxy.map { "\($0.host):\($0.port)" })))
    }

    private func finish(_ result: Result<Acceptance, DialError>) {
        guard !isOver else { return }
        let ended = ended
        over()
        channel?.close(promise: nil)
        ended(result)
    }

    private func over() {
        isOver = true
        limit?.cancel()
        limit = nil
        connection = nil
    }
}
