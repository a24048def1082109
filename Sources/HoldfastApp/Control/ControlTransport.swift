// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Requests to the control API, with a deadline, and with repeats where they are safe.
struct ControlTransport: Sendable {
    /// Without a slash at its end.
    let base: String
    let timeout: Duration
    let retries: Int
    let client: HTTPClient
    /// The header of the next request.
    let authorization: @Sendable () -> String?

    /// The longest answer that is read: a page of 1000 connections with much state.
    private static let maxAnswerBytes = 32 << 20

    /// - Throws: a ``ConfigurationError`` for a URL, timeout or number that cannot be used.
    init(
        url: String, timeout: Duration, retries: Int, client: HTTPClient, authorization: @escaping @Sendable () -> String?
    ) throws(ConfigurationError) {
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parsed.host(), !host.isEmpty, parsed.query() == nil, parsed.fragment() == nil, parsed.user() == nil
        else { throw ConfigurationError("url: expected a URL such as http://127.0.0.1:8081, found \"\(url)\"") }
        guard timeout > .zero else { throw ConfigurationError("timeout: expected some time, found \(timeout)") }
        guard retries >= 0 else { throw ConfigurationError("retries: expected 0 or more, found \(retries)") }
        base = String(url.reversed().drop { $0 == "/" }.reversed())
        self.timeout = timeout
        self.retries = retries
        self.client = client
        self.authorization = authorization
    }

    struct Answer: Sendable {
        let status: Int
        /// Whether it says that it is plain text.
        let isText: Bool
        let body: Data
    }

    struct Body: Sendable {
        let bytes: [UInt8]
        let contentType: String

        init(bytes: [UInt8], contentType: String) {
            self.bytes = bytes
            self.contentType = contentType
        }

        /// A message as it is.
        init(_ message: Message) {
            switch message {
            case .text(let text): self.init(bytes: Array(text.utf8), contentType: "text/plain; charset=utf-8")
            case .binary(let bytes): self.init(bytes: bytes, contentType: "application/octet-stream")
            }
        }
    }

    /// - Parameters:
    ///   - isRepeatable: whether it does no harm when it is done twice.
    /// - Returns: whatever the gateway answers.
    /// - Throws: when there is no answer.
    func send(_ method: HTTPRequest.Method, _ target: String, _ body: Body? = nil, isRepeatable: Bool) async throws(ControlError) -> Answer {
        var attempt = 0
        while true {
            let outcome = await once(method, target, body)
            let isWorthRepeating: Bool
            switch outcome {
            case .success(let answer): isWorthRepeating = (502...504).contains(answer.status)
            case .failure(let error): isWorthRepeating = error.code == .timeout || error.code == .unreachable
            }
            guard isRepeatable, isWorthRepeating, attempt < retries, !Task.isCancelled else { return try outcome.get() }
            attempt += 1
            // 100 ms, 200 ms, 400 ms … up to 3.2 s, each with a part by chance, so that many apps do not come back at once.
            let wait = 100 << min(attempt - 1, 5)
            guard (try? await Task.sleep(for: .milliseconds(wait + Int.random(in: 0...wait / 2)))) != nil else { return try outcome.get() }
        }
    }

    private func once(_ method: HTTPRequest.Method, _ target: String, _ body: Body?) async -> Result<Answer, ControlError> {
        var request = HTTPClientRequest(url: base + target)
        request.method = .RAW(value: method.rawValue)
        request.headers.add(name: "accept", value: "application/json")
        if let value = authorization() { request.headers.add(name: "authorization", value: value) }
        if let body {
            request.headers.add(name: "content-type", value: body.contentType)
            request.body = .bytes(body.bytes)
        }
        // The client's own deadline ends when the head is there; a body that does not end must not hold the caller either.
        return await withTaskGroup(of: Result<Answer, ControlError>.self) { group in
            group.addTask { [request] in
                do {
                    let response = try await client.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
                    let bytes = try await response.body.collect(upTo: Self.maxAnswerBytes)
                    let isText = response.headers.first(name: "content-type")?.lowercased().hasPrefix("text/plain") ?? false
                    return .success(Answer(status: Int(response.status.code), isText: isText, body: Data(bytes.readableBytesView)))
                } catch is NIOTooManyBytesError {
                    return .failure(ControlError(.unexpected, detail: "an answer longer than \(Self.maxAnswerBytes) bytes"))
                } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout || error == .readTimeout {
                    return .failure(overdue)
                } catch is CancellationError {
                    return .failure(ControlError(.timeout, detail: "the task was cancelled"))
                } catch {
                    return .failure(ControlError(.unreachable, detail: "no answer from \(base): \(error)"))
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                    return .failure(overdue)
                } catch {
                    return .failure(ControlError(.timeout, detail: "the task was cancelled"))
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(overdue)
        }
    }

    private var overdue: ControlError { ControlError(.timeout, detail: "no answer from \(base) within \(timeout)") }
}

extension Duration {
    /// More than the clock can count is its most.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < Int64.max / 2_000_000_000 else { return Int64.max / 2 }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
