// ECP5 MULT18X18D as a simulation model: 18 x 18, input, pipeline and output registers.
//
// After Lattice FPGA-TN-02205 (formerly TN1267), "ECP5 and ECP5-5G sysDSP Usage Guide" (slice
// block diagram; attributes REG_*_CLK: NONE bypasses a register, CLK0 ... CLK3 chooses its
// clock, REG_*_CE and REG_*_RST its enable and reset; RESETMODE SYNC); FPGA-DS-02012, "ECP5 and
// ECP5-5G Family Data Sheet", section 2.9, "sysDSP Slice".  Only what this project uses: direct
// operands (SOURCEA, SOURCEB = 0), one clock CLK0 with CE0 and RST0, no cascade; anything else
// is refused when simulation starts.
module MULT18X18D(
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
           P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTA_CE = "CE0", REG_INPUTA_RST = "RST0";
    parameter REG_INPUTB_CLK = "NONE", REG_INPUTB_CE = "CE0", REG_INPUTB_RST = "RST0";
    parameter REG_INPUTC_CLK = "NONE", REG_INPUTC_CE = "CE0", REG_INPUTC_RST = "RST0";
    parameter REG_PIPELINE_CLK = "NONE", REG_PIPELINE_CE = "CE0", REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE0", REG_OUTPUT_RST = "RST0";
    parameter CLK0_DIV = "ENABLED", GSR = "ENABLED", SOURCEB_MODE = "B_SHIFT", RESETMODE = "SYNC";

    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1,
        A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1,
        B0};

    initial begin
        if (SOURCEA !== 0 || SOURCEB !== 0 || RESETMODE != "SYNC")
            $fatal(1, "MULT18X18D: only direct operands and synchronous resets are modelled");
        if ((REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0")
            || (REG_INPUTB_CLK != "NONE" && REG_INPUTB_CLK != "CLK0")
            || (REG_PIPELINE_CLK != "NONE" && REG_PIPELINE_CLK != "CLK0")
            || (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0"))
            $fatal(1, "MULT18X18D: only CLK0 is modelled");
    end

    // A signed operand carries its sign into bit 18, an unsigned one a zero; the signs are
    // registered beside their operands.
    reg signed [18:0] a_register, b_register;
    reg signed [37:0] pipeline_register, output_register;
    wire signed [18:0] a_wide = {SIGNEDA & A17, a}, b_wide = {SIGNEDB & B17, b};
    wire signed [18:0] a_used = REG_INPUTA_CLK == "NONE" ? a_wide : a_register;
    wire signed [18:0] b_used = REG_INPUTB_CLK == "NONE" ? b_wide : b_register;
    wire signed [37:0] product = a_used * b_used;
    wire signed [37:0] piped = REG_PIPELINE_CLK == "NONE" ? product : pipeline_register;
    wire signed [37:0] result = REG_OUTPUT_CLK == "NONE" ? piped : output_register;

    always @(posedge CLK0)
        if (RST0) begin
            a_register <= 0;
            b_register <= 0;
            pipeline_register <= 0;
            output_register <= 0;
        end else if (CE0) begin
            a_register <= a_wide;
            b_register <= b_wide;
            pipeline_register <= product;
            output_register <= piped;
        end

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
        P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
        = result[35:0];
endmodule
