// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastBrokers
import NIOSSL

/// Which gateway a command talks to.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The gateway's control API. Default 127.0.0.1:8081, or HOLDFAST_CONTROL.", valueName: "host:port"))
    var control: String?

    @Option(help: ArgumentHelp("Its token, or HOLDFAST_CONTROL_TOKEN.", valueName: "token"))
    var controlToken: String?

    @Option(help: ArgumentHelp("Check its certificate against the authorities in this PEM file, or HOLDFAST_CONTROL_CA_FILE.", valueName: "file"))
    var controlCaFile: String?

    @Option(help: ArgumentHelp("Show it this certificate, in PEM, or HOLDFAST_CONTROL_CERTIFICATE_FILE.", valueName: "file"))
    var controlCertificateFile: String?

    @Option(help: ArgumentHelp("Its private key, in PEM, or HOLDFAST_CONTROL_KEY_FILE.", valueName: "file"))
    var controlKeyFile: String?

    /// - Throws: exit code 1 after a sentence on standard error when a file cannot be used.
    func client() throws -> ControlClient {
        let environment = ProcessInfo.processInfo.environment
        var address = control ?? environment["HOLDFAST_CONTROL"] ?? "127.0.0.1:8081"
        if !address.contains("://") { address = "http://\(address.hasPrefix(":") ? "127.0.0.1" : "")\(address)" }
        while address.hasSuffix("/") { address.removeLast() }
        return ControlClient(base: address, token: controlToken ?? environment["HOLDFAST_CONTROL_TOKEN"], tls: try tls(environment))
    }

    private func tls(_ environment: [String: String]) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = controlCaFile ?? environment["HOLDFAST_CONTROL_CA_FILE"] {
            tls.trustRoots = .certificates(try Self.certificates(file, "--control-ca-file"))
        }
        let certificate = controlCertificateFile ?? environment["HOLDFAST_CONTROL_CERTIFICATE_FILE"]
        let key = controlKeyFile ?? environment["HOLDFAST_CONTROL_KEY_FILE"]
        switch (certificate, key) {
        case (let certificate?, let key?):
            tls.certificateChain = try Self.certificates(certificate, "--control-certificate-file").map { .certificate($0) }
            let bytes = try Self.bytes(key, "--control-key-file")
            guard let read = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
                throw Self.refused("--control-key-file: \(key) holds no private key in PEM that can be used")
            }
            tls.privateKey = .privateKey(read)
        case (nil, nil): break
        default: throw Self.refused("--control-certificate-file and --control-key-file belong together")
        }
        return tls
    }

    private static func certificates(_ file: String, _ flag: String) throws -> [NIOSSLCertificate] {
        let bytes = try bytes(file, flag)
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw refused("\(flag): \(file) holds no certificate in PEM that can be used")
        }
        return found
    }

    private static func bytes(_ file: String, _ flag: String) throws -> [UInt8] {
        do throws(WholeFile.Fault) { return try WholeFile.bytes(file) } catch { throw refused("\(flag): \(file): \(error)") }
    }

    private static func refused(_ sentence: String) -> ExitCode {
        Console.complain("holdfast: \(sentence)")
        return ExitCode(1)
    }
}
