// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Tokens that PyJWT 2.15.1 made of the keys in ``TestKeys``: all of `{"iss":"pushpin","exp":2000003600}`, signed an hour before that.
enum PyJWTTokens {
    static let madeAt = 2_000_000_000

    /// Of the secret `changeme`: shorter than HMAC-SHA256 asks for.
    static let shortSecret = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "Z8bxxLJsslFl4cYxv7mGPnoQM1D6DmwZ1G5jPPCcn88")
    /// Of the secret `a secret of thirty-two bytes, ok`.
    static let secret = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "zHxrr1KZ-yo4Pon338-DxiKkJW8gqti4BSyYka6LwY0")
    /// Of a hundred letters k: longer than the block of SHA-256.
    static let longSecret = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "ebb9b9nXig4VUf_Sy5CcuIIhc6uLRGJsgukGaHdYL_k")
    /// Of the bytes 00 FF 00.
    static let bytes = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "qIN7-xaPSov1BamKL1oWsQiO6vxQ-41hYfODsM3xj5A")
    static let rsa = token(
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
        """
        hQV7cQ8QWkayUdbL7fI6KCx-5e2P_1W3JBkT9yueAG4g4RBdJ7jc1MXpMQMkXGBQaho96X8_MPpcSHW8EWCJZDaQtXMhDMwrVWGNolylOY7GiWJfAMpU0VtO\
        GK8jzyqREaf9c2fnMaG-1GAO4pvW4Scjcqrf5sfoFBHap8RAM92ex_eWHKMB0hy2T2ravhJmRGaBZot4JpW6jLtnk8jeoe0plWibEye4EBvbrweLe2d1dgaO\
        5i4GsRF7GaFt7fj_IB2ZVrNy3SmMi9gvPLp_hJKEHAhwqVDXj1PoRnTgsJJoMUMdD3UDQFpu9hHIUbPJrs87WhYpWWcMJXxzCFQakw
        """)
    static let ec = token(
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", "iEEEcgJSGvcjcd47sMsHDpKA7Au2xy4qcU24GnQ6oHs2A44Ae2Y4RoiLYi7PjfL6Fi02fNIWnmG39TNq8hc9mQ")
    /// Of another key on the same curve.
    static let otherEC = token(
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", "PjSxOdRg-3y4jQ46bFHhvfad-k4LijZA74sd3_GajMaXKUDnPGqRbFqa5MnQf0RugTVqz3DaYXU_OZHJ4zo2ZA")
    /// RS512 and PS256, by the same RSA key.
    static let rsaSHA512 = token(
        "eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9",
        """
        Qs4pD6yywKnxUpANPzbmBEJ55YmF2foCDJf9LNErQC2oGB9Y2_0pU4k_shMyD3t9KRV_uhDJrhF6gK5CmGFe9edZIFl_a1hvMZS1DHi37tXX93gkZ3sr199x\
        R2hcIsTZHXXTfgDI8GhDMjyYndSEU9nYevNOUsGXOjGzx7gL-0HprZAX7yciAgKA8fjzk71JvRLljJXLJsYUofT32VIm4_2er5DwbQs0KKqdv7Rag56oDOGW\
        UBpqqZj4ZPnJyRAC_m0jd_pMJAp1mmgdIpQj145eNsQMLfVoDAHfv-Bc-UDXJ-WNQsg4mDas-Hfz2FVE9uW-toxel8J5cWehE9vHhw
        """)
    static let rsaPSS = token(
        "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9",
        """
        q-M48ujgfmQQTKSPpuQ9HsLmCGGiCfMzF5RYQ0o9Wzc_6yFTynfjId_QbObiiRRrQVoH-BUsQr7Nplis2mGqwryHyBZn_Ec95Qko7XWjGfcXcDSbWedavi_s\
        26fmP2uEzjSgtYJ-55G2iiEeFx1dGwxdaOtbI1bZctkgaV3o1ULM9gXEcmz2s1RWyBGdP5vqtVrbQ-9Ikv5USsprMUs5-ohGAqi-henqYk3bp1fnX2ynZOTS\
        1z6KjAtg7riFc_t5pNQqF6Eh7o88tBQ2iA3vMbPCbARqAZWJTKs-5NC4zM7zFE3SLux_l4eRv566zSLALrSNQ2uTpk_SK67kA2N45w
        """)
    /// HS512, of `changeme`.
    static let shortSecretSHA512 = token(
        "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9", "SEL-bE5ON-8JzVUNhVAOr2CUXf3Uxn_I4GFgotsIOMGCTc7r_c_PXEAP3tCkkdXHK2KzDGOddq-AC_YOv3mlPw")
    /// HS256 with the text of a public key as secret, which is what somebody would send who has only that.
    static let hmacOfRSAPublic = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "zuhA5IlNaSXVbQdUVVnEqJMliTA7fFw3L3aYTgkQ-zk")
    static let hmacOfECPublic = token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "L-qkaVPoi1ZccZizj5EwaT0GQFRRgCBzpoC4c0DjwgY")

    private static func token(_ header: String, _ signature: String) -> String {
        header + ".eyJpc3MiOiJwdXNocGluIiwiZXhwIjoyMDAwMDAzNjAwfQ." + signature
    }
}
