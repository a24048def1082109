// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import AsyncHTTPClient
import Foundation
import HoldfastWire
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Talks to a gateway's control API for the command line.
struct ControlClient {
    enum Method: String {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    /// Without a slash at its end.
    let base: String
    let token: String?
    let tls: TLSConfiguration

    /// A request whose answer is JSON, or empty.
    ///
    /// - Throws: exit code 1 after a sentence on standard error when the gateway is not there or says no.
    @discardableResult
    func call(_ method: Method, _ path: String, body: String? = nil) async throws -> JSONValue? {
        try await withClient { client in
            let response = try await send(method, path, body: body, timeout: .seconds(30), with: client)
            let bytes = try await response.body.collect(upTo: 64 << 20)
            return bytes.readableBytes > 0 ? try? JSONReader.parse(bytes) : nil
        }
    }

    /// The events of a stream, until it ends.
    func events(_ path: String, _ body: (String) -> Void) async throws {
        try await withClient { client in
            let response = try await send(.get, path, body: nil, timeout: .hours(24 * 365), accept: "text/event-stream", with: client)
            // Cut into events as bytes: a part may end inside a character.
            var rest: [UInt8] = []
            for try await part in response.body {
                rest += part.readableBytesView
                while let end = rest.firstRange(of: [0x0A, 0x0A]) {
                    let lines = rest[..<end.lowerBound].split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
                    let data = lines.filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }.joined(separator: "\n")
                    if !data.isEmpty { body(data) }
                    rest.removeSubrange(..<end.upperBound)
                }
            }
        }
    }

    /// A part of a path, whatever characters it holds.
    static func segment(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? text
    }

    /// A client that says at once when nobody answers, instead of trying until the time is up.
    private func withClient<Value>(_ body: (HTTPClient) async throws -> Value) async throws -> Value {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, timeout: .init(connect: .seconds(5)))
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let value = try await body(client)
            try await client.shutdown()
            return value
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private var nobody: String { "no gateway answers at \(base); is it running? (--control names another)" }

    private func why(_ error: any Error) -> String {
        switch error {
        case NIOSSLError.handshakeFailed: "\(base): the TLS handshake failed; is its certificate of an authority that is trusted? (--control-ca-file)"
        case is NIOSSLExtraError: "\(base): its certificate is not for this host name"
        case let error as HTTPClientError where error == .connectTimeout: nobody
        case is NIOConnectionError, is IOError: nobody
        // TLS 1.3 tells a client without a certificate only after the handshake.
        default:
            base.hasPrefix("https:") ? "\(base) hung up; does it ask for a certificate? (--control-certificate-file, --control-key-file)" : nobody
        }
    }

    private func send(
        _ method: Method, _ path: String, body: String?, timeout: TimeAmount, accept: String = "application/json", with client: HTTPClient
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: "accept", value: accept)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "content-type", value: "text/plain; charset=utf-8")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: timeout)
        } catch {
            Console.complain("holdfast: \(why(error))")
            throw ExitCode(1)
        }
        guard (200..<300).contains(response.status.code) else {
            let bytes = try? await response.body.collect(upTo: 1 << 20)
            let detail = bytes.flatMap { try? JSONReader.parse($0) }?["detail"]?.string
            Console.complain("holdfast: \(detail ?? "the gateway answered \(response.status.code)")")
            throw ExitCode(1)
        }
        return response
    }
}
