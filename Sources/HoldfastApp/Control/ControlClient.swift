// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import AsyncHTTPClient

/// The HTTP client of those who give none of their own.
public enum ControlClient {
    /// One for the whole process, on the threads that other libraries share too. It follows no redirects, says at once when nobody listens, and is
    /// never shut down.
    public static let shared: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()
}
