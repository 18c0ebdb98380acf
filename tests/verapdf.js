/* Has veraPDF judge PDF files: one line of JSON a file and a standard.
   Arguments: the standards, separated by commas, then the files. Read by Rhino, the JavaScript engine that veraPDF
   evaluates its rules with and that its archive contains: nothing is compiled, no archive of ours is needed. */
var Flavour = org.verapdf.pdfa.flavours.PDFAFlavour;
java.util.logging.LogManager.getLogManager().reset();
org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider.initialise();
var foundry = org.verapdf.pdfa.Foundries.defaultInstance();
var standards = arguments[0].split(",");

function judge(path, standard) {
  var flavour = Flavour.byFlavourId(standard);
  var parser = foundry.createParser(new java.io.File(path), flavour);
  var failures = {};
  try {
    // The last argument: only the checks that failed are kept.
    var result = foundry.createValidator(flavour, false).validate(parser);
    for (var each = result.getTestAssertions().iterator(); each.hasNext(); ) {
      var failed = each.next();
      var rule = failed.getRuleId().getClause() + "-" + failed.getRuleId().getTestNumber();
      failures[rule] = String(failed.getMessage());
    }
    print(JSON.stringify({
      path: path,
      standard: standard,
      is_compliant: Boolean(result.isCompliant()),
      checks: Number(result.getTotalAssertions()),
      failures: failures
    }));
  } finally {
    parser.close();
  }
}

arguments.slice(1).forEach(function (path) {
  standards.forEach(function (standard) { judge(path, standard); });
});
