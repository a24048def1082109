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
            try fault("redis://host") { $0.certificate = TLSFiles(certificateFile: "c", keyFile: "k") }.contains(
                "cluster.certificateFile: has no use"))
        #expect(try fault("nats://host") { $0.caFile = "/nowhere/ca.pem" }.hasPrefix("cluster.caFile: /nowhere/ca.pem: no such file"))
        #expect(try fault("nats://host") { $0.credentialsFile = "/" }.hasPrefix("cluster.credentialsFile: /: is a directory"))
        try withFile("nothing") { (file: String) throws in
            #expect(try fault("nats://host") { $0.credentialsFile = file }.contains("NATS USER JWT"))
        }
    }

    @Test("All that cannot be used is told at once, each fault with its setting")
    func all() throws {
        func faults(_ brokers: [String], _ change: (inout ClusterSettings) -> Void) -> [String] {
            var cluster = ClusterSettings()
            cluster.brokers = brokers
            change(&cluster)
            return BrokerChoice.faults(cluster).map { fault in
                "\(fault.setting.map { "\($0)" } ?? "") \(fault.sentence.split(separator: ";")[0])"
            }
        }
        try withFile("nothing") { (file: String) throws in
            #expect(
                faults(["nats://a", "redis://b"]) {
                    $0.credentialsFile = "/nowhere"
                    $0.caFile = "/"
                    $0.certificate = TLSFiles(certificateFile: file, keyFile: file)
                } == [
                    "broker[1] nats://a:4222 and redis://b:6379 are of different kinds", "cluster.credentialsFile /nowhere: no such file",
                    "cluster.caFile /: is a directory, and no file", "cluster.certificateFile \(file) holds no certificates in PEM",
                    "cluster.keyFile \(file) holds no private key in PEM without a password",
                ])
        }
        #expect(
            faults(["redis://a"]) {
                $0.caFile = "c"
                $0.certificate = TLSFiles(certificateFile: "c", keyFile: "k")
            }.map { $0.prefix { $0 != ":" } } == ["cluster.caFile has no use", "cluster.certificateFile has no use"])
        #expect(faults(["memory"]) { _ in } == [])
        #expect(faults(["nats://a:4222"]) { _ in } == [])
    }

    @Test("Nothing of them is accepted for a node that stands alone")
    func memory() throws {
        var cluster = ClusterSettings()
        cluster.caFile = "ca.pem"
        let error = try #require(throws: BrokerError.self) {
            try BrokerChoice.make(cluster, node: .standalone, version: "1", logger: Logger(label: "test"))
        }
        #expect(error.description.contains("cluster.caFile: has no use"))
    }
}
