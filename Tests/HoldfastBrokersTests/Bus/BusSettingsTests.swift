// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Logging
import Testing

@testable import HoldfastBrokers

@Suite struct BusSettingsTests {
    /// Runs with a file that holds a text.
    private func withFile(_ content: String, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)").path
        try content.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        try body(file)
    }

    private func settings(_ broker: String, _ change: (inout ClusterSettings) -> Void = { _ in }) throws -> BusSettings {
        var cluster = ClusterSettings()
        cluster.brokers = [broker]
        change(&cluster)
        return try BusSettings(cluster, node: .standalone, version: "1")
    }

    @Test("Settings that name a server are enough")
    func plain() throws {
        let plain = try settings("nats://host") { $0.queueBytes = 5 }
        #expect(plain.clientName == "holdfast-n1" && plain.queueBytes == 5 && !plain.tls.isAsked && plain.kind == .nats)
        #expect(try settings("tls://host").tls.isAsked)
        #expect(try settings("rediss://host").tls.isAsked)
    }

    @Test("Files that have no use, or cannot be used, are refused")
    func files() throws {
        func fault(_ broker: String, _ change: (inout ClusterSettings) -> Void) throws -> String {
            let error = try #require(throws: BrokerError.self) { try settings(broker, change) }
            #expect(error.code == .unusableFile)
            return error.description
        }
        try withFile(NATSCredentialsTests.file) { (file: String) throws in
            #expect(try settings("nats://host") { $0.credentialsFile = file }.credentialsFile == file)
            #expect(try fault("redis://host") { $0.credentialsFile = file }.contains("is for NATS"))
            #expect(try fault("nats://u:p@host") { $0.credentialsFile = file }.contains("exclude each other"))
            #expect(try fault("redis://host") { $0.caFile = file }.contains("rediss://"))
            #expect(try fault("rediss://host") { $0.caFile = file }.contains("no certificates"))
            #expect(try fault("nats://host") { $0.certificate = TLSFiles(certificateFile: file, keyFile: file) }.contains("no certificates"))
        }
        #expect(
            try fault("redis://host") { $0.certificate = TLSFiles(certificateFile: "c", keyFile: "k") }.contains("cluster.certificate has no use"))
        #expect(try fault("nats://host") { $0.caFile = "/nowhere/ca.pem" }.contains("cannot be read"))
        #expect(try fault("nats://host") { $0.credentialsFile = "/nowhere/x.creds" }.contains("cannot be read"))
        try withFile("nothing") { (file: String) throws in
            #expect(try fault("nats://host") { $0.credentialsFile = file }.contains("NATS USER JWT"))
        }
    }

    @Test("Nothing of them is accepted for a node that stands alone")
    func memory() throws {
        var cluster = ClusterSettings()
        cluster.caFile = "ca.pem"
        let error = try #require(throws: BrokerError.self) {
            try BrokerChoice.make(cluster, node: .standalone, version: "1", logger: Logger(label: "test"))
        }
        #expect(error.description.contains("cluster.caFile has no use"))
    }
}
